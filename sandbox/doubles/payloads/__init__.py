"""What the doubles' packages hold: small files that behave where behaviour matters.

Each kind gives the files and maintainer scripts of one package. All of it is simulation; module
source is real source that DKMS really builds.
"""

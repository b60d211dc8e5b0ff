"""Doubles of package repositories: real names, versions and dependencies, small payloads.

Everything in them is a stand-in made here and says so. Nothing of NVIDIA's or Ubuntu's is copied.
"""

"""A pull-through cache for Debian packages and wheels, so that many hosts download once.

`python -m sandbox.mirror ADDRESS PORT` serves, on the address that the hosts of this checkout
reach:

- apt, as an HTTP proxy: packages and files named by their hash are kept for ever, indexes are
  asked for again each time, and only sent again by upstream if they changed;
- `/simple/PROJECT/`, a package index with its links led to `/files/…`, kept for ever;
- `/doubles/NAME/repos/…`, repository doubles, straight from their folder;
- `/v2/…`, container images, as a mirror of Docker Hub;
- `/status`, counters as JSON.
"""

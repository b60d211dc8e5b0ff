"""`python -m sandbox.mirror ADDRESS PORT`: this checkout's mirror, until it is killed."""

import sys

from sandbox.checkout import CACHE
from sandbox.mirror.cache import Mirror
from sandbox.mirror.faults import faults_for
from sandbox.mirror.index import index_url
from sandbox.mirror.server import server

if __name__ == "__main__":
    shared = Mirror(CACHE, index_url(), faults_for)
    server(sys.argv[1], int(sys.argv[2]), shared).serve_forever()

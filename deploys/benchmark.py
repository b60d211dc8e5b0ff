"""How fast the image is beside its host's own environment, or one host is beside another.

    pyinfra inventories/lab.py deploys/benchmark.py
    pyinfra --limit gpu01,gpu02 inventories/lab.py deploys/benchmark.py --data against=gpu02
    pyinfra --json inventories/lab.py deploys/benchmark.py --data benchmark_cpu=2

It measures by turns, tells what differs before any figure, and changes nothing on the host. Ends
with 0 (measured), 1 (measured, with doubts), 2 (refused, or a wrong result) or 3 (not measured).
Host data that matters here: ``against``, ``anyway`` and what begins with ``benchmark_``. How to
read it: ``docs/benchmark-hosts.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.benchmark import benchmark_opening

benchmark_opening.this_one()

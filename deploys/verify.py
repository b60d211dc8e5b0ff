"""Whether a GPU host passes: health, a checked kernel and, where asked, speed or hours under load.

    pyinfra inventories/lab.py deploys/verify.py                          # quick: within a minute
    pyinfra inventories/lab.py deploys/verify.py --data level=standard    # measured too: minutes
    pyinfra inventories/lab.py deploys/verify.py --data level=burn-in     # hours: ``burn_in``
    pyinfra --json inventories/lab.py deploys/verify.py

It changes nothing but its own note of the answer on the host, which the gate of other deploys
reads. ``on_fail`` and ``on_pass`` are run on this machine, once per change of a host's verdict.
Ends with 0 (OK), 1 (WARN), 2 (CRITICAL) or 3 (UNKNOWN), by the worst host. How to read it:
``docs/verify.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.acceptance import acceptance_opening

acceptance_opening.this_one()

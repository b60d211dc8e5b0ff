"""Whether a GPU host passes: health, a checked kernel and, where asked, speed. It changes nothing.

    pyinfra inventories/lab.py deploys/verify.py                          # quick: within a minute
    pyinfra inventories/lab.py deploys/verify.py --data level=standard    # measured too: minutes
    pyinfra --json inventories/lab.py deploys/verify.py

Ends with 0 (OK), 1 (WARN), 2 (CRITICAL) or 3 (UNKNOWN), by the worst host. How to read it:
``docs/verify.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.acceptance import acceptance_opening

acceptance_opening.this_one()

"""Repair what the doctor names on a GPU host's driver, in order, each thing once, and prove it.

    pyinfra --dry inventories/lab.py deploys/driver_repair.py      # shows the plan
    pyinfra inventories/lab.py deploys/driver_repair.py            # the same plan, asks, repairs
    pyinfra -y --data reboot=if-needed inventories/lab.py deploys/driver_repair.py

Host data that matters here: ``reboot`` (never, if-needed, now), ``reboot_wait`` (seconds),
``stack`` (repairs go towards its plan; without one a host is repaired to itself), and for a fleet
``canary``, ``batch``, ``fail_share``. A second run changes nothing. How: ``docs/repair.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.repair import repair_opening

repair_opening.this_one()

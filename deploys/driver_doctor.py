"""What is wrong with a GPU host's driver, by name, with the cause and the remedy. It reads only.

    pyinfra inventories/lab.py deploys/driver_doctor.py
    pyinfra --json inventories/lab.py deploys/driver_doctor.py

Ends with 0 (OK), 1 (WARN), 2 (CRITICAL) or 3 (UNKNOWN), by the worst host. Where the host's data or
its record names a ``stack``, the host is compared with its plan too. All codes: ``docs/faults.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.doctor import doctor_opening

doctor_opening.this_one()

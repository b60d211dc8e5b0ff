"""A stack and host data from hosts that somebody made by hand. It changes nothing on them.

    pyinfra inventories/lab.py deploys/adopt.py
    pyinfra inventories/lab.py --limit gpu01 deploys/adopt.py --data adopt_folder=lab

For each group of hosts that are alike it writes ``stacks/NAME.yaml`` and ``group_data/NAME.py`` on
this machine, and tells what cannot be adopted and why. Both files are then resolved on the same
host as if it were bare; what differs is told. Ends with 0 (adopted whole), 1 (something was left
out or differs), 2 (not adopted) or 3 (a host could not be read), by the worst host. Host data:
``adopt_folder`` and ``format`` (text, json).
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.adopt import adopt_opening

adopt_opening.this_one()

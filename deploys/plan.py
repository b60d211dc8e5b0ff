"""What a host would get and why, or what speaks against it. It reads only.

    pyinfra inventories/lab.py deploys/plan.py
    pyinfra inventories/lab.py deploys/plan.py --data format=json

The plan is the one that ``deploys/gpu_host.py`` would carry out; on a Jetson that of
``deploys/jetson_host.py``, and where ``deploys/container_host.py`` has been, its own. It is held
against the host and its repositories as there. Ends with 0 (plan), 2 (conflict) or 3 (a host could
not be read), 2 before 3. Host data are those of that deploy, and ``format`` (text, json).
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.host import plan_opening

plan_opening.this_one()

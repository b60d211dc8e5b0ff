"""Keep kernel upgrades from losing the GPU, on hosts whose driver came from anywhere.

    pyinfra inventories/lab.py deploys/kernel_guard.py

``deploys/gpu_host.py`` does the same among other things. Host data that matters here:
``kernel_policy`` (hold, follow, free) and ``textfile_folder``. A second run changes nothing.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.host import guard_opening

guard_opening.this_one()

"""pyinfra reads this first.

It appends the current folder to the import path, so an installed package called `facts`, `tasks` or
`deploys` would win over ours: the folder goes to the front.
"""

import sys
from pathlib import Path

from pyinfra import config

config.REQUIRE_PYINFRA_VERSION = ">=3.10,<4"
sys.path.insert(0, str(Path.cwd()))

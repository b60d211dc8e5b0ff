"""pyinfra reads this first.

It appends the current folder to the import path, so an installed package called `facts`, `tasks` or
`deploys` would win over ours: the folder goes to the front. From here on, before any host is
connected, Ctrl-C is answered, and a run that reaches no host says so. A report from kept readings
is made here, since it connects to none. Vagrant's hosts are read by
vagrant/connector.py, which says what pyinfra's own drops.
"""

import sys
from pathlib import Path

from pyinfra import config

config.REQUIRE_PYINFRA_VERSION = ">=3.10,<4"
sys.path.insert(0, str(Path.cwd()))

from tasks.steps import beginning  # noqa: E402 - ours only now

beginning.begin(sys.argv[1:])

if any(word.partition("=")[0] == "from" for word in sys.argv[1:]):
    from tasks.drift import kept_only

    kept_only.begin(sys.argv[1:])

if any("@vagrant" in word for word in sys.argv[1:]):
    from vagrant import connector

    connector.install(sys.argv[1:])

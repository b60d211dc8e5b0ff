"""Who differs from plan, from the others and from itself, and since when. It changes no host.

    pyinfra inventories/lab.py deploys/report.py
    pyinfra inventories/lab.py deploys/report.py --data format=env   # to paste into a bug report
    pyinfra @local deploys/report.py --data from=reports             # from kept reports alone

Writes ``report/report.html``, ``.json``, ``.md``, ``.xml`` (JUnit) and ``.prom``, and keeps the
report in ``reports/``. Ends with 0 (same), 1 (differs), 2 (critical) or 3 (unknown), by the worst
host. How to read it: ``docs/report.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.drift import drift_opening

drift_opening.this_one()

"""All that the image's build fetches, collected into one folder for hosts that reach nothing.

    pyinfra inventories/lab.py deploys/bundle.py --data bundle=FOLDER
    pyinfra inventories/closed.py deploys/image.py --data bundle=FOLDER

The first line needs a host with Docker and a way out, with the stack and the host data of those it
collects for; the second one needs neither index nor archive nor registry. A second run changes
nothing. What it holds, and what not yet: ``docs/image.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.bundle import bundle_opening, collect, summary

work = bundle_opening.for_this_host()

if work is not None:
    collect.wheels_of_locks(work=work, name="Wheels of the locks")
    collect.tarballs(work=work, name="NVIDIA's tarballs")
    collect.base(work=work, name="Base image")
    collect.packages(work=work, name="Packages on the base")
    summary.complete(work=work, name="Verdict")

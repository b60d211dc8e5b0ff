"""All that hosts and the image fetch, collected into one folder for hosts that reach nothing.

    pyinfra inventories/lab.py deploys/bundle.py --data bundle=FOLDER
    pyinfra inventories/closed.py deploys/gpu_host.py --data bundle=FOLDER
    pyinfra inventories/closed.py deploys/image.py --data bundle=FOLDER

The first line needs hosts with a way out, of the releases, with the stack and the host data of
those they collect for (for the image: with Docker); the others need neither index nor archive nor
registry. ``bundle_for`` says for which deploys. A second run fetches what has changed since.
Whole or not: ``python -m tasks.bundle verify FOLDER``. What it holds, and what not yet:
``docs/offline.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.bundle import bundle_opening, collect, host_collect, summary

asked = bundle_opening.for_this_host()

if asked is not None and asked.host is not None:
    host_collect.packages(work=asked.host, name="Packages for hosts")
    host_collect.tarballs(work=asked.host, name="NVIDIA's tarballs for hosts")
    host_collect.wheels_of_locks(work=asked.host, name="Wheels for hosts")
    host_collect.repository(work=asked.host, name="Repository, signed")

if asked is not None and asked.image is not None:
    collect.wheels_of_locks(work=asked.image, name="Wheels of the locks")
    collect.tarballs(work=asked.image, name="NVIDIA's tarballs")
    collect.base(work=asked.image, name="Base image")
    collect.packages(work=asked.image, name="Packages on the base")

if asked is not None:
    summary.complete(image=asked.image, host=asked.host, name="Verdict")

"""Take away what gpuwright brought to a host, and nothing else; what was there before stays.

    pyinfra --dry inventories/lab.py deploys/remove.py             # shows what goes and what stays
    pyinfra inventories/lab.py deploys/remove.py                   # the same, asks, removes
    pyinfra -y --data also=workspaces,images,engine inventories/lab.py deploys/remove.py

A second run changes nothing. Host data that matters here: ``also`` (workspaces, images, engine:
these go only where they are named) and ``lock_wait`` (seconds). How: ``docs/remove.md``.
"""

import sys
from pathlib import Path

# pyinfra may be called in any folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tasks.host import plans
from tasks.packages import readiness
from tasks.removal import operations as removal
from tasks.removal import removal_opening

settings = removal_opening.for_this_host()

if settings is not None:
    removal.pull_stopped(settings=settings, name="Unit of first boot")
    removal.report_stopped(settings=settings, name="Timer of the report")
    readiness.lock_free(plan=None, limit_s=plans.lock_wait(), name="Package manager is free")
    removal.guard_stopped(settings=settings, name="Kernel guard")
    removal.workspaces_removed(settings=settings, name="Workspaces")
    removal.images_removed(settings=settings, name="Images")
    removal.released(settings=settings, name="Holds and pins")
    removal.docker_as_before(settings=settings, name="Docker's settings")
    removal.containerd_as_before(settings=settings, name="containerd's settings")
    removal.packages_purged(settings=settings, name="Packages")
    removal.settings_as_before(settings=settings, name="Settings and repositories")
    removal.folders_removed(settings=settings, name="Folders and notes")

"""Read by the locked environment's Python at each start: what was added comes last in its path.

It stands alone, and does nothing for a Python that is to be isolated (``-I``, ``-s``), nor for a
user to whom the layer does not belong: root runs nothing of others.
"""

import os
import site
import sys
from pathlib import Path


def add() -> None:
    """Append the packages of the first home that has some for this user."""
    if sys.flags.no_user_site:
        return
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for home in (os.environ.get("HOME") or "/", "/home/user", "/tmp/home"):
        folder = Path(home, ".local/share/gpuwright", version)
        try:
            if folder.stat().st_uid != os.getuid():
                continue
        except OSError:
            continue
        site.addsitedir(str(folder / "lib" / version / "site-packages"))
        return


add()

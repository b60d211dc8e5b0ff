"""Print the URL of JupyterLab with its token, for who may run programs in this container."""

from __future__ import annotations

import sys

from image.programs import place
from image.programs.settings import PORTS


def main() -> int:
    """0 and the URL, or 1 and why there is none."""
    try:
        token = place.TOKEN.read_text()
    except OSError as error:
        print(f"no token here: {error.strerror} ({place.TOKEN})", file=sys.stderr)
        return 1
    print(f"http://127.0.0.1:{PORTS['jupyter']}/lab?token={token}")
    return 0

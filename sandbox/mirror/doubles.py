"""Where the mirror finds the files of repository doubles.

They lie below `.sandbox/doubles/NAME/repos/` and are served at `/doubles/NAME/repos/…`, and to
clients that use the mirror as their proxy at `http://NAME.example/…` as well: an address that stays
when the mirror's own changes, and that exists nowhere else (RFC 2606 reserves `.example`).
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sandbox.checkout import STATE

DOUBLES = STATE / "doubles"


def local_file(url: str, own: str, folder: Path = DOUBLES) -> Path | None:
    """The file that a request means, or `None` if it is not for a double.

    `own` is the ``address:port`` at which the client asked. Whether the file exists is not looked
    at.
    """
    address = urlsplit(url)
    if address.scheme == "http" and (
        name := re.fullmatch(r"([a-z0-9-]+)\.example", address.netloc)
    ):
        path = f"/doubles/{name[1]}/repos{address.path}"
    elif address.scheme in ("", "http") and address.netloc in ("", own):
        path = address.path
    else:
        return None
    parts = unquote(path).split("/")[1:]
    if len(parts) < 4 or parts[0] != "doubles" or parts[2] != "repos" or ".." in parts:
        return None
    return folder.joinpath(*parts[1:])

"""Root images that present as a Jetson's: an arm64 Debian root, run by qemu, with JetPack's names.

Everything in it runs under user-mode emulation, five to fifteen times slower than this machine.
"""

import hashlib
import json
from pathlib import Path

from sandbox.commands import run
from sandbox.doubles.deb import build
from sandbox.doubles.jetson import JetPack


def digest(board: JetPack) -> str:
    """Tells versions of what `make` makes apart."""
    parts = [board.files(), [[deb.control, repr(deb.files)] for deb in board.installed()]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:10]


def make(board: JetPack, base: Path, part: Path) -> None:
    """Make the root in the folder `part`, out of the arm64 root `base`."""
    run("cp", "-a", "--reflink=auto", str(base), str(part))
    for path, text in board.files().items():
        place = part / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        place.write_text(text)
    # This machine's own dpkg: no script and no program of these packages runs.
    run(
        *("dpkg", f"--root={part}", "--force-architecture", "--force-depends", "--no-triggers"),
        *("--install", *map(str, build(board.installed()))),
    )

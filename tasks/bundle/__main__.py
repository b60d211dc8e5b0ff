"""Whether a bundle is whole: every byte of it is read and compared.

    python -m tasks.bundle verify FOLDER

Ends with 0 where it is whole, with 2 where files are damaged or missing, whose names are printed,
and with 64 where that is no bundle. What a bundle is: ``docs/offline.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tasks.bundle import audit
from tasks.hostdata.arguments import USAGE, Parser
from tasks.steps.screen import say

DAMAGED = 2


def main(words: Sequence[str] | None = None) -> int:
    """Verify; give the exit status."""
    parser = Parser(prog="python -m tasks.bundle", description=str(__doc__).splitlines()[0])
    commands = parser.add_subparsers(dest="what", required=True)
    verify = commands.add_parser("verify", help="read every byte and compare")
    verify.add_argument("folder", type=Path)
    verify.add_argument("--key", default="", help="the fingerprint that it must be signed with")
    asked = parser.parse_args(words)
    found = audit.audited(asked.folder.expanduser(), "".join(asked.key.split()).upper())
    say(found.lines)
    return USAGE if found.unreadable else DAMAGED if found.faults else 0


if __name__ == "__main__":
    sys.exit(main())

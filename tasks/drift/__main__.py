r"""Hosts that write their own facts for the report, without being visited.

    python -m tasks.drift --to https://files.example.org/gpus --group training --out push.sh
    sh push.sh                  # on the host, as root; by user data, say
    sh push.sh remove

No host is asked. How it works: ``docs/report.md``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tasks.drift.push import Push, installer
from tasks.hostdata.arguments import USAGE, Parser
from tasks.steps.screen import say


def main(words: Sequence[str] | None = None) -> int:
    """Write the script; give the exit status."""
    parser = Parser(
        prog="python -m tasks.drift",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--to", required=True, metavar="FOLDER|ADDRESS", help="where facts go")
    parser.add_argument("--group", default="pushed", help="hosts that are compared")
    parser.add_argument("--every", type=int, default=6, metavar="HOURS", help="6 without it")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    asked = parser.parse_args(words)
    try:
        body = installer(Push(asked.to, asked.group, asked.every)).encode()
        asked.out.write_bytes(body)
    except (ValueError, OSError) as error:
        say([str(error)])
        return USAGE
    say([f"{asked.out}: {len(body):,} bytes"])
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Workspaces for where no host of ours is: a Kubernetes manifest or a Compose file, printed.

    python -m tasks.workspace kubernetes --data workspace_user=alice --data workspace_gpus=2
    python -m tasks.workspace compose --values team.yaml

The values are host data (``docs/host-data.md``): ``workspace_…``, ``workspaces``, ``nccl``. No host
is asked, and nothing is written.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from stacks.model.plain import quoted
from tasks.host import resolution
from tasks.hostdata import arguments, names
from tasks.hostdata.arguments import USAGE, Parser
from tasks.hostdata.workspace import workspace_settings
from tasks.steps.screen import say
from tasks.workspace import images, portable

IMAGE = "pytorch-cuda"
_STORAGE = re.compile(r"[1-9][0-9]{0,5}(Mi|Gi|Ti)")


def main(words: Sequence[str] | None = None) -> int:
    """Print what is asked for; give the exit status."""
    parser = Parser(
        prog="python -m tasks.workspace",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("format", choices=("kubernetes", "compose"))
    parser.add_argument("--data", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--values", type=Path, metavar="FILE", help="host data, as YAML")
    parser.add_argument("--uid", type=int, default=1000, help="user and group inside (1000)")
    parser.add_argument("--storage", default="50Gi", help="size of each volume (50Gi)")
    asked = parser.parse_args(words)
    try:
        said = _data(asked.values, asked.data)
        found = workspace_settings(said, IMAGE, images.tag_of(resolution.stack_of(said)))
        if not found.workspaces:
            raise ValueError("no workspace is asked for: --data workspace_user=alice")
        if not 500 <= asked.uid <= 60000:
            raise ValueError(f"--uid {asked.uid}: a whole number from 500 to 60000")
        if not _STORAGE.fullmatch(asked.storage):
            raise ValueError(f"--storage {asked.storage[:40]!a}: a size such as 50Gi")
        if asked.format == "kubernetes":
            text = portable.kubernetes(found.workspaces, asked.uid, asked.storage)
        else:
            text = portable.compose(found.workspaces, asked.uid)
    except (ValueError, OSError, yaml.YAMLError, RecursionError) as error:
        say([f"STACK-INVALID: {' '.join(str(error).split())[:1000]}"])
        return USAGE
    for warning in found.warnings:
        say([warning])
    say(text.splitlines(), err=False)
    return 0


def _data(values: Path | None, words: Sequence[str]) -> dict[str, Any]:
    said = arguments.said(values, words)
    for name, meant in names.misspelt(map(str, said)).items():
        raise ValueError(f'{quoted(name)} is no host data of a workspace; did you mean "{meant}"?')
    return said


if __name__ == "__main__":
    sys.exit(main())

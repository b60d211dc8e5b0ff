"""How long a side takes to its first line of Python, and how long ``import torch`` takes then.

``start BEGAN``: when it was begun, as `time.monotonic` counts;
processes of one machine share that clock, in containers too. ``forget`` in its place lets the
kernel drop the pages of Python's and torch's files first, so that the next start is a cold one.
"""

from __future__ import annotations

import time

FIRST = time.monotonic()
"""The first line: what follows is no part of the start."""


def main() -> int:
    """Tell both times, or forget."""
    import sys

    if sys.argv[1:] == ["forget"]:
        return forgotten()
    began = float(sys.argv[1])
    before = time.monotonic()
    import importlib

    torch = importlib.import_module("torch")
    imported = time.monotonic() - before
    right = float(torch.ones(3).sum()) == 3.0
    from image.programs.benchmark_work import tell

    tell(metric="start", value=FIRST - began, right=began < FIRST)
    tell(metric="import", value=imported, right=right)
    return 0


def forgotten() -> int:
    """Drop the pages of all files of this environment, and of the Python that it stands on."""
    import sys
    import sysconfig
    from pathlib import Path

    from image.programs.benchmark_work import forget, tell

    roots = {sys.prefix, sysconfig.get_path("stdlib"), sysconfig.get_path("platlib")}
    files = {
        path
        for root in roots
        for path in Path(root).rglob("*")
        if path.is_file() and not path.is_symlink()
    }
    files.add(Path(sys.executable).resolve())
    forget(sorted(files))
    tell(forgotten=len(files))
    return 0

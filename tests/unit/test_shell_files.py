"""Every shell file of the project is plain shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from facts.host import probe_script
from tests.plain_shell import assert_plain

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = [place for place in sorted(ROOT.iterdir()) if place.is_dir() and place.name[0] != "."]
PARTS = ("facts/probe", "tests/unit/golden")
"""Parts of a script, judged where it is put together, and copies of what is judged elsewhere."""
FILES = [
    ROOT / ".ci/run",
    ROOT / ".ci/vagrant",
    *(
        file
        for room in ROOMS
        for file in sorted(room.rglob("*.sh"))
        if not str(file.relative_to(ROOT)).startswith(PARTS)
    ),
]


@pytest.mark.parametrize("file", [pytest.param(f, id=str(f.relative_to(ROOT))) for f in FILES])
def test_it_is_plain_shell(file: Path) -> None:
    assert_plain(file.read_text())


def test_probe_is_plain_shell_as_a_whole() -> None:
    assert_plain(probe_script())

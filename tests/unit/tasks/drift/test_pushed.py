"""What a host writes about itself, read again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from facts.host import probe_script
from facts.past import script
from tasks.drift import pushed
from tests.unit.facts.probe_text import probe_lines
from tests.unit.tasks.drift.a_fleet import NOW

FIRST = f"{pushed.MARK} {NOW} rack 3"


def body(*lines: str) -> bytes:
    """A file with these lines."""
    return "\n".join(lines).encode()


def test_first_look_alone_is_a_reading_and_the_rest_is_told_as_not_seen() -> None:
    found = pushed.reading("gpu1", body(FIRST, *probe_lines()))
    assert (found.host, found.group, found.read_at) == ("gpu1", "rack 3", NOW)
    assert found.components["distribution"].actual == "debian-12 x86_64"
    assert "evidence" in found.facts["not compared with a plan"]


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("hello",),
        (f"{pushed.MARK} yesterday", *probe_lines()),
        (FIRST,),
        (FIRST, *probe_lines()[:-1]),
    ],
)
def test_half_a_file_is_none(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        pushed.reading("gpu1", body(*lines))


def test_bytes_that_are_no_text_and_a_name_that_a_terminal_obeys() -> None:
    found = pushed.reading("gpu\x1b[1m", body(FIRST, *probe_lines()) + b"\n\xff\xfe")
    assert "\x1b" not in found.host


def test_what_the_scripts_print_here_is_read(tmp_path: Path) -> None:
    parts = []
    for text, words in ((probe_script(), ["root", "0", ""]), (script(), [])):
        done = subprocess.run(
            ["sh", "-s", "--", *words], input=text, capture_output=True, text=True, check=True
        )
        parts.append(done.stdout)
    probe, past = parts
    found = pushed.reading("gpu1", f"{FIRST}\n{probe}{past}".encode())
    assert found.components["running kernel" if "running kernel" in found.components else "GPUs"]

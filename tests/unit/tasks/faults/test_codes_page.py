"""The page of all codes."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.faults.catalog import faults
from tasks.faults.codes import codes
from tests.codes_page import page


def test_page_is_made_from_the_data_of_today() -> None:
    assert Path("docs/codes.md").read_text() == page()


def test_every_code_has_a_line_and_a_section_here_or_among_the_faults() -> None:
    listed = set(re.findall(r"^\| \[([A-Z0-9-]+)\]", page(), re.MULTILINE))
    assert listed == set(codes())
    explained = re.findall(r"^## ([A-Z0-9-]+)$", page(), re.MULTILINE)
    assert sorted([*explained, *faults()]) == sorted(codes())
    cells = [line for line in page().splitlines() if line.startswith("| [")]
    assert all(line.count("|") == 4 for line in cells)

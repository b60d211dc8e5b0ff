"""The README claims what the table of what was carried out has, and nothing else."""

from __future__ import annotations

import re

from stacks.catalog.read import load_catalog
from tests import readme_matrix

README = readme_matrix.README.read_text()
ROWS = load_catalog().support.rows


def test_tables_are_those_of_the_data() -> None:
    assert readme_matrix.page(README) == README, "`python -m tests.readme_matrix` writes it"


def test_every_row_of_the_data_is_in_a_table_with_its_level() -> None:
    for arches in ROWS.values():
        for parts in arches.values():
            for words in parts.values():
                for what, proof in words.items():
                    version = re.sub(r"^torch-", "", what).split()[0].split("-")[0].rstrip(",")
                    assert re.search(rf"{proof.level}:[^|]*{re.escape(version)}", README), what


def test_page_changes_when_the_data_do() -> None:
    assert readme_matrix.page(README.replace("| Debian 12 |", "| Debian 99 |", 1)) == README


def test_what_is_around_the_tables_stays() -> None:
    old = f"before\n{readme_matrix.BEGIN}\nold\n{readme_matrix.END}\nafter\n"
    new = readme_matrix.page(old)
    assert new.startswith("before\n") and new.endswith("\nafter\n")
    assert "\nold\n" not in new
    assert readme_matrix.page(new) == new

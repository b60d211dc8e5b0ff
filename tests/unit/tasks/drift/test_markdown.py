"""The report as Markdown: the same differences, and no markup from hosts."""

from __future__ import annotations

from tasks.drift import markdown
from tasks.drift.document import made
from tasks.drift.reading import Component
from tests.unit.tasks.drift.a_fleet import NOW, alike, host, many, report


def test_each_difference_is_a_row_with_its_commands() -> None:
    text = markdown.text(report())
    rows = [line for line in text.splitlines() if line.startswith("| gpu") and "pyinfra" in line]
    assert [row.split(" | ")[1] for row in rows] == ["holds", "Secure Boot", "driver"]
    assert "moved by unattended\\-upgrades" in text


def test_words_of_a_host_are_no_markup_and_end_no_cell() -> None:
    evil = "a | b ](https://x.example) <b> `x`\n# y"
    readings = [*alike("bcd"), host("a", driver=Component(evil, "1", False))]
    text = markdown.text(made(readings, {}, NOW))
    assert "](https" not in text
    assert "<b>" not in text
    assert not [line for line in text.splitlines() if line.startswith("# y")]
    assert markdown.code("a | ``b``") == "``` a \\| ``b`` ```"


def test_long_table_says_how_many_rows_it_leaves() -> None:
    many_rows = [host(f"n{n}", driver=Component("1", "2", False)) for n in range(250)]
    assert "50 more are in the page and in the JSON." in markdown.text(made(many_rows, {}, NOW))
    assert "more are in" not in markdown.text(many(100))

"""Words of others: nothing that a terminal obeys is left in them, and the rest is as it was."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.model import plain

CLIPBOARD = "\x1b]52;c;aGk=\x07"


class Pair(NamedTuple):
    left: str
    right: int


@dataclass(frozen=True)
class Seen:
    name: str
    more: Any = None


@pytest.mark.parametrize(
    "text",
    [CLIPBOARD, "\x1b[2J", "\r", "\x9b2J", "\x7f", "\u202e", "\u2066", "\u2028", "\ud800", "\x00"],
)
def test_what_a_terminal_obeys_becomes_question_marks(text: str) -> None:
    assert plain.obeyed(text)
    assert not plain.obeyed(plain.plain(f"a{text}b"))
    assert plain.plain(f"a{text}b").startswith("a?")


@pytest.mark.parametrize("text", ["", "ä – 日本 × …", "[bold]x[/]", "a\tb\nc", "no\u00a0break"])
def test_other_text_stays(text: str) -> None:
    assert plain.plain(text) == text
    assert not plain.obeyed(text)


@given(st.text())
def test_no_text_keeps_a_control_or_format_character(text: str) -> None:
    made = plain.plain(text)
    assert {unicodedata.category(c) for c in made if c not in "\n\t"}.isdisjoint(
        {"Cc", "Cf", "Cs", "Zl", "Zp"}
    )
    assert plain.plain(made) == made


@given(st.text())
def test_line_is_one_line(text: str) -> None:
    assert len(plain.one_line(text).splitlines()) <= 1


def test_long_line_ends_with_what_is_missing() -> None:
    line = plain.one_line("x" * 10_000)
    assert line.endswith("… (8000 characters more)")
    assert len(line) < 2100


def test_line_of_a_block_cannot_pass_for_two() -> None:
    assert plain.block(["a", "  b\ngpu1: verdict OK"]) == "a\n  b / gpu1: verdict OK"


def test_texts_are_plain_wherever_they_are_in_a_value() -> None:
    bad, good = f"x{CLIPBOARD}", "x?]52;c;aGk=?"
    value = {bad: [Seen(bad, {bad}), (bad, 1, None), Pair(bad, 2)]}
    assert plain.plain_value(value) == {good: [Seen(good, {good}), (good, 1, None), Pair(good, 2)]}


def test_plain_value_is_the_very_same_object() -> None:
    value = {"a": (Seen("b\nc", ["c"]), 1.5, True)}
    assert plain.plain_value(value) is value


def test_what_is_nested_deeper_than_anybody_reads_is_dropped() -> None:
    value: Any = "bottom"
    for _ in range(500):
        value = [value]
    assert "bottom" not in repr(plain.plain_value(value))


def test_json_is_plain_after_it_was_decoded() -> None:
    text = json.dumps({"name": f"H100{CLIPBOARD}", "n": 1})
    assert "\x1b" not in text
    assert plain.decoded(text) == {"name": "H100?]52;c;aGk=?", "n": 1}
    assert plain.decoded('{"n": 1e400}') == {"n": None}


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe\xfa"])
def test_what_is_no_json_is_an_error_of_the_value(text: str | bytes) -> None:
    with pytest.raises(ValueError):
        plain.decoded(text)

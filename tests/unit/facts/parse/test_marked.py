"""Marked lines of a program among all others, within bounds."""

from __future__ import annotations

from facts.parse.marked import marked

MARK = "##ours "


def read(*lines: str) -> list[dict[str, object]]:
    return list(marked(lines, MARK, 3, 40))


def test_objects_behind_the_mark_are_given_in_their_order() -> None:
    assert read(MARK + '{"a": 1}', "noise", MARK + '{"a": 2}') == [{"a": 1}, {"a": 2}]


def test_line_that_holds_no_object_or_is_not_the_program_s_own_is_passed_over() -> None:
    assert read(f'x {MARK}{{"a": 1}}', MARK + "{", MARK + "[1]", MARK + '{"a": 2}') == [{"a": 2}]


def test_line_that_is_too_long_is_none_and_does_not_count() -> None:
    long = MARK + '{"a": "' + "y" * 40 + '"}'
    assert read(*[long] * 5, MARK + '{"a": 1}') == [{"a": 1}]


def test_unreadable_lines_count_so_that_no_host_is_read_for_ever() -> None:
    assert read(*[MARK + "{"] * 3, MARK + '{"a": 1}') == []
    assert read(*[MARK + "{"] * 2, MARK + '{"a": 1}') == [{"a": 1}]

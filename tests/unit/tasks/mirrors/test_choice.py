"""Which of several mirrors is taken, which stays, and what is said of it."""

from __future__ import annotations

from tasks.hostdata.mirrors import Candidate
from tasks.mirrors import choice
from tasks.mirrors.judge import Grade, Judged

A, B, C = (Candidate("pypi", f"http://{name}.example.org/simple", name) for name in "abc")
DEFAULT = Candidate("pypi", "", "upstream")


def seen(
    one: Candidate, rate: float | None = 1e6, grade: Grade = Grade.GOOD, size: int = 8 << 20
) -> Judged:
    why = "" if grade is Grade.GOOD else "bad"
    return Judged(one, grade, why, rate, size=size)


def test_first_good_one_is_taken_and_the_others_follow() -> None:
    made = choice.chosen("pypi", [seen(A), seen(B, 1.9e6)])
    assert (made.chosen, made.left, made.kept) == (A, (A, B), False)


def test_later_one_must_be_twice_as_quick() -> None:
    assert choice.chosen("pypi", [seen(A), seen(B, 2.1e6)]).left == (B, A)


def test_speed_of_a_small_file_tells_nothing_unless_it_took_long() -> None:
    assert choice.chosen("pypi", [seen(A, size=5000), seen(B, 9e6, size=5000)]).left == (A, B)
    slow = seen(A, 20_000, size=200_000)
    assert choice.chosen("pypi", [slow, seen(B)]).left == (B, A)


def test_one_that_is_slow_or_old_comes_after_all_that_may_be_good() -> None:
    judged = [seen(A, 9e9, Grade.POOR), seen(B, None, Grade.UNMEASURED), seen(C, 1.0)]
    assert choice.chosen("pypi", judged).left == (C, B, A)


def test_fastest_one_that_is_refused_is_not_among_them() -> None:
    made = choice.chosen("pypi", [seen(A, 9e9, Grade.REFUSED), seen(B, 1e5)])
    assert made.left == (B,)


def test_clients_default_is_the_last_resort_but_one() -> None:
    default = Judged(DEFAULT, Grade.DEFAULT)
    assert choice.chosen("pypi", [default, seen(A, 1e3, Grade.POOR)]).left == (A, DEFAULT)
    refused = [default, seen(A, None, Grade.REFUSED)]
    assert choice.chosen("pypi", refused).chosen == DEFAULT


def test_choice_of_an_earlier_run_stays_however_quick_others_are() -> None:
    made = choice.chosen("pypi", [seen(A, 1e9), seen(B, 1e5)], kept=B)
    assert (made.chosen, made.kept) == (B, True)


def test_choice_of_an_earlier_run_goes_when_it_is_good_no_more() -> None:
    for grade in (Grade.POOR, Grade.REFUSED):
        made = choice.chosen("pypi", [seen(A), seen(B, 1e9, grade)], kept=B)
        assert (made.chosen, made.kept) == (A, False)


def test_without_a_question_the_recorded_one_counts_else_the_preferred_one() -> None:
    assert choice.unasked("pypi", (A, B), None).left == (A, B)
    made = choice.unasked("pypi", (A, B), B.shown)
    assert (made.left, made.kept) == ((B, A), True)
    assert choice.unasked("pypi", (A, B), C.shown).left == (A, B)


def test_failed_one_makes_room_for_the_next_and_is_remembered() -> None:
    before = choice.chosen("pypi", [seen(A), seen(B)])
    after = before.without("REPO-KEY: another key")
    assert after.left == (B,)
    said = choice.next_line(before, after, "REPO-KEY: another key")
    assert said == (
        f"mirror for pypi: {A.name} ({A.shown}) failed: REPO-KEY: another key; "
        f"next is {B.name} ({B.shown})"
    ).replace(f"{A.name} ({A.shown})", A.shown).replace(f"{B.name} ({B.shown})", B.shown)
    conflict = choice.none_left(after.without("REPO-KEY: this one too"))
    assert conflict.code == "MIRROR-NONE"
    assert conflict.why == "a: REPO-KEY: another key; b: REPO-KEY: this one too"
    assert conflict.remedies


def test_lines_have_figures_of_the_chosen_one_and_the_reason_against_each_other() -> None:
    judged = [
        Judged(A, Grade.REFUSED, "its index: answered 403"),
        Judged(B, Grade.GOOD, "", 6.8e6, 0.12, 8_400_000, "torch.whl"),
        Judged(C, Grade.GOOD, "", 1.2e6, 0.3, 8_400_000, "torch.whl"),
    ]
    assert choice.lines(choice.chosen("pypi", judged)) == [
        f"mirror for pypi: {B.shown} (6.8 MB/s, first byte after 0.12 s, over 8.4 MB of torch.whl)",
        f"  refused: {A.shown}: its index: answered 403",
        f"  after it: {C.shown}: 1.2 MB/s, first byte after 0.30 s, over 8.4 MB of torch.whl",
    ]


def test_line_of_one_that_stays_says_so() -> None:
    (line,) = choice.lines(choice.chosen("pypi", [seen(A)], kept=A))
    assert "chosen by an earlier run and still good" in line
    assert choice.lines(choice.chosen("pypi", [seen(A, None, Grade.REFUSED)])) == []

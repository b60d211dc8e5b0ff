"""What a run of pyinfra reported, read as data."""

from __future__ import annotations

import pytest

from gpuwright.roll.outcome import Outcome, Report, of_run, report

REACHED = Report(reached=True)


@pytest.mark.parametrize(
    ("told", "status", "ended", "expected"),
    [
        (Report(reached=True, changed=3), 0, "", Outcome("done", "3 steps changed it")),
        (Report(reached=True, changed=1), 0, "", Outcome("done", "1 step changed it")),
        (REACHED, 0, "", Outcome("done", "nothing changed")),
        (Report(why="no route"), 1, "", Outcome("unreachable", "no route")),
        (Report(), 1, "", Outcome("unreachable", "it could not be reached")),
        (Report(True, True, ("NO-DISK",)), 1, "", Outcome("refused", "NO-DISK")),
        (Report(True, True, why="no space"), 1, "", Outcome("failed", 'no space at "s"')),
        (REACHED, 1, "", Outcome("failed", 'pyinfra ended with exit status 1 at "s"')),
        (Report(True, True, why="w"), 0, "", Outcome("failed", 'w at "s"')),
        (Report(True, verdict="WARN"), 1, "", Outcome("done", "verdict WARN")),
        (Report(True, verdict="CRITICAL"), 2, "", Outcome("failed", "verdict CRITICAL")),
        (Report(True, verdict="UNKNOWN", why="w"), 3, "", Outcome("failed", 'w at "s"')),
        (None, -9, "", Outcome("failed", 'its run of pyinfra died (signal 9) at "s"')),
        (None, 3, "", Outcome("failed", 'its run of pyinfra died (exit status 3) at "s"')),
        (REACHED, 143, "its deadline passed", Outcome("failed", 'its deadline passed at "s"')),
        (REACHED, 143, "ended by Ctrl-C", Outcome("interrupted", 'ended by Ctrl-C at "s"')),
        (None, None, "ended by SIGTERM", Outcome("interrupted", 'ended by SIGTERM at "s"')),
    ],
)  # fmt: skip
def test_outcome_follows_from_report_and_status(
    told: Report | None, status: int | None, ended: str, expected: Outcome
) -> None:
    assert of_run(told, status, ended, "s") == expected


def test_jobs_that_go_on_are_told_whatever_ended_the_run() -> None:
    told = Report(True, jobs={"gpuwright-driver.service": "driver"})
    assert of_run(told, 143, "ended by Ctrl-C", "").jobs == told.jobs


@pytest.mark.parametrize("said", [None, [], "x", 3])
def test_what_is_no_report_is_none(said: object) -> None:
    assert report(said) is None


def test_report_of_other_kinds_has_defaults_and_its_words_are_plain() -> None:
    said = {"reached": "yes", "refused": "x", "why": "a\x1b[2Jb\nc", "jobs": [], "changed": True}
    assert report(said) == Report(why="a?[2Jb / c")
    assert report({"reached": True, "refused": ["A"], "jobs": {"u": "t"}, "changed": 2}) == Report(
        reached=True, refused=("A",), jobs={"u": "t"}, changed=2
    )

"""What is left to be said is said once, and one report that fails keeps no other one back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pyinfra.context import ctx_state

from tasks.steps import course, ending
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun


@pytest.fixture
def left(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """An end of this test alone, and the exit statuses that it came to."""
    statuses: list[int] = []
    monkeypatch.setattr(ending, "_end", ending._End(registered=True))
    monkeypatch.setattr(ending, "leave", statuses.append)
    return statuses


def saying(words: str, said: list[str], well: bool = True) -> Callable[[], bool]:
    """A report."""

    def say() -> bool:
        said.append(words)
        return well

    return say


def broken() -> bool:
    """A report that cannot be printed."""
    raise KeyError("x")


def test_all_that_is_left_is_said_in_order_and_once(left: list[int]) -> None:
    said: list[str] = []
    for words in ("one", "two"):
        ending.at_end(saying(words, said))
    ending.close()
    ending.close()
    assert said == ["one", "two"]
    assert left == []


@pytest.mark.parametrize(
    ("judge", "statuses"), [(lambda: 1, [1]), (lambda: None, []), (lambda: 1 // 0, [3])]
)
def test_judge_gives_the_exit_status_and_one_that_fails_is_no_success(
    left: list[int], judge: Callable[[], int | None], statuses: list[int]
) -> None:
    ending.judged_by(judge)
    ending.close()
    assert left == statuses


@pytest.mark.parametrize("failed", [1, 3])
def test_host_without_a_verdict_makes_the_exit_status(left: list[int], failed: int) -> None:
    said: list[str] = []
    ending.fails_with(failed)
    ending.at_end(saying("one", said, well=False))
    ending.at_end(saying("two", said))
    ending.close()
    assert (said, left) == (["one", "two"], [failed])


def test_report_that_fails_keeps_no_other_one_back(
    left: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    ending.at_end(broken)
    ending.at_end(saying("two", said))
    ending.close()
    assert (said, left) == (["two"], [1])
    assert "a report could not be printed: internal error, KeyError: 'x'" in caplog.text


def test_signal_s_status_wins_and_only_the_first_one_counts_as_first(left: list[int]) -> None:
    assert ending.ended_by(130, "Ctrl-C")
    assert not ending.ended_by(143, "SIGTERM")
    ending.at_end(saying("one", [], well=False))
    ending.close()
    assert left == [143]


def whereabouts(prepare: Callable[[ARun], None]) -> str:
    """What is said of a run of one host after Ctrl-C."""
    run = ARun(a_host.bare())
    prepare(run)
    with ctx_state.use(run.state):
        return "\n".join(ending.whereabouts(run.state))


@pytest.mark.usefixtures("left")
def test_whereabouts_before_between_and_in_steps() -> None:
    ending.ended_by(130, "Ctrl-C")

    def between(run: ARun) -> None:
        run.state.is_executing = True

    def inside(run: ARun) -> None:
        course.of_host(run.host).step = "Kernel module loaded"

    def job(run: ARun) -> None:
        inside(run)
        course.of_host(run.host).jobs["gpuwright-driver.service"] = "NVIDIA driver"

    assert "Ended by Ctrl-C, before anything was changed" in ending.whereabouts(None)[1]
    assert "Ended by Ctrl-C, before anything was changed" in whereabouts(lambda _: None)
    assert "Ended by Ctrl-C, between two steps" in whereabouts(between)
    assert 'gpu1: stopped in the middle of "Kernel module loaded"' in whereabouts(inside)
    said = whereabouts(job)
    assert "gpu1: goes on by itself: NVIDIA driver" in said
    assert "systemctl stop gpuwright-driver.service" in said
    assert "Run the same command again" in said

"""A fleet's turn: canary first, then batches, and no further where too many fail."""

from __future__ import annotations

import gevent
import pytest
from gevent.event import Event

from tasks.repair.fleet import Fleet, Limits

NAMES = ["a", "b", "c", "d", "e"]


def conducted(fleet: Fleet, bad: str = "") -> list[str]:
    """The hosts in the order in which they were worked on."""
    seen = []

    def work(name: str) -> bool:
        seen.append(name)
        return name not in bad

    fleet.conduct(work)
    return seen


def test_first_host_goes_alone_then_batches_follow() -> None:
    assert Fleet(NAMES, Limits(batch=2)).rounds() == [["a"], ["b", "c"], ["d", "e"]]


def test_named_canaries_go_first_one_by_one() -> None:
    fleet = Fleet(NAMES, Limits(batch=5), frozenset({"c", "e"}))
    assert fleet.rounds() == [["c"], ["e"], ["a", "b", "d"]]


def test_all_are_done_where_none_fails() -> None:
    fleet = Fleet(NAMES, Limits(batch=2))
    assert conducted(fleet) == NAMES
    assert set(fleet.results.values()) == {"well"}
    assert fleet.stopped == ""


def test_canary_that_fails_leaves_all_others_untouched() -> None:
    fleet = Fleet(NAMES, Limits())
    assert conducted(fleet, bad="a") == ["a"]
    assert [fleet.wait(n) for n in NAMES] == ["failed", *["untouched"] * 4]
    assert "1 of 1 hosts failed (a)" in fleet.stopped


@pytest.mark.parametrize(("share", "touched"), [(0.5, 5), (0.2, 3)])
def test_round_stops_once_the_share_is_passed(share: float, touched: int) -> None:
    fleet = Fleet(NAMES, Limits(batch=2, fail_share=share))
    assert len(conducted(fleet, bad="b")) == touched


def test_failure_of_the_last_host_stops_nothing() -> None:
    fleet = Fleet(["a"], Limits())
    conducted(fleet, bad="a")
    assert fleet.stopped == ""


def test_batch_works_side_by_side_and_canary_alone() -> None:
    now, most = set(), []

    def work(name: str) -> bool:
        now.add(name)
        most.append(len(now))
        gevent.sleep(0.01)
        now.discard(name)
        return True

    Fleet(NAMES, Limits(batch=4)).conduct(work)
    assert (most[0], max(most)) == (1, 4)


def test_waiting_host_gets_its_result_when_its_turn_is_over_and_not_at_the_end() -> None:
    fleet = Fleet(["a", "b"], Limits())
    order: list[str] = []
    gate = Event()

    def work(name: str) -> bool:
        if name == "b":
            gate.wait()
        return True

    def waiting() -> None:
        order.append(fleet.wait("a"))
        gate.set()

    conducting = gevent.spawn(fleet.conduct, work)
    gevent.spawn(waiting).join(timeout=10)
    conducting.join(timeout=10)
    assert order == ["well"]
    assert fleet.wait("b") == "well"


def test_stricter_limits_count() -> None:
    assert Limits(5, 0.2).and_(Limits(2, 0.5)) == Limits(2, 0.2)

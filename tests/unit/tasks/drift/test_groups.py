"""The majority of a group, and hosts that are the same."""

from __future__ import annotations

from tasks.drift.groups import grouped
from tasks.drift.reading import Component, Reading
from tests.unit.tasks.drift.a_fleet import alike, host

ON = Component("on")


def test_most_are_the_rule_and_who_differs_is_told_with_how() -> None:
    (group,) = grouped([*alike("abcd"), host("e", Secure_Boot=ON)])
    assert [(k.hosts, k.differs) for k in group.kinds] == [
        (("a", "b", "c", "d"), {}),
        (("e",), {"Secure Boot": "on"}),
    ]
    assert group.counts["Secure Boot"] == (4, 5)
    assert group.like == "a"


def test_of_two_hosts_that_differ_neither_is_the_rule() -> None:
    (group,) = grouped([host("a"), host("b", Secure_Boot=ON)])
    assert group.majority == {}
    assert [k.differs for k in group.kinds] == [{}, {}]


def test_half_is_no_majority() -> None:
    (group,) = grouped([*alike("ab"), host("c", Secure_Boot=ON), host("d", Secure_Boot=ON)])
    assert "Secure Boot" not in group.majority
    assert "driver" in group.majority


def test_what_is_not_known_of_a_host_is_no_difference_and_no_vote() -> None:
    silent = Reading("z", group="training", answered=False)
    (group,) = grouped([*alike("ab"), host("c", Secure_Boot=Component(None)), silent])
    assert "Secure Boot" not in group.majority  # two tell
    assert group.majority["driver"]
    assert group.silent == ("z",)
    assert all(not kind.differs for kind in group.kinds)


def test_hosts_of_another_group_are_not_compared() -> None:
    found = grouped([*alike("abc"), host("x", group="inference", Secure_Boot=ON)])
    assert [group.name for group in found] == ["inference", "training"]
    assert found[0].majority == {}

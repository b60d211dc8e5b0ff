"""What differs between the plans of two releases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpuwright import difference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def plan(**said: Any) -> dict[str, Any]:
    return {"verdict": "plan", "plan": said, "conflicts": []}


def changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[str, ...]:
    return difference.host("gpu1", plan(**old), plan(**new)).changes


@settings(max_examples=40)
@given(JSON)
def test_same_plans_are_the_same(value: Any) -> None:
    found = difference.host("gpu1", plan(a=value), plan(a=value))
    assert found.same and found.known


@settings(max_examples=40)
@given(JSON, JSON)
def test_different_plans_are_never_the_same(one: Any, other: Any) -> None:
    found = difference.host("gpu1", plan(a=one), plan(a=other))
    assert found.same is (json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ({"driver": {"version": "1"}}, {"driver": {"version": "2"}}, "driver.version: 1 -> 2"),
        ({"cuda": None}, {"cuda": {"version": "11.8"}}, "cuda.version: none -> 11.8"),
        ({"held": ["a", "b"]}, {"held": ["b", "c"]}, "held: gone: a; new: c"),
        ({"held": ["a", "b"]}, {"held": ["b", "a"]}, "held: in another order"),
        ({"x": True}, {"x": False}, "x: true -> false"),
        ({"x": ""}, {"x": "a\nb"}, 'x: "" -> a / b'),
    ],
)
def test_change_is_one_line_with_both_values(
    old: dict[str, Any], new: dict[str, Any], line: str
) -> None:
    assert line in changes(old, new)


def test_entry_that_comes_before_others_leaves_them_the_same() -> None:
    rows = [{"name": "a", "sha256": "1"}, {"name": "b", "sha256": "2"}]
    found = changes({"downloads": rows[1:]}, {"downloads": rows})
    assert found == ("downloads.a.name: none -> a", "downloads.a.sha256: none -> 1")


def test_entries_of_one_name_are_all_told() -> None:
    old, new = (
        [{"name": "a", "x": 1}, {"name": "a", "x": 2}],
        [{"name": "a", "x": 3}, {"name": "a", "x": 2}],
    )
    assert changes({"rows": old}, {"rows": new}) == ("rows.0.x: 1 -> 3",)


def test_words_of_a_reason_change_no_plan() -> None:
    old, new = plan(a=1, reasons=["x"], digest="1"), plan(a=1, reasons=["y"], digest="2")
    assert difference.host("gpu1", old, new).same


def test_new_conflict_is_told_and_an_old_one_is_not() -> None:
    old = {"verdict": "conflict", "conflicts": [{"code": "A", "what": "a"}]}
    new = {
        "verdict": "conflict",
        "conflicts": [{"code": "A", "what": "a"}, {"code": "B", "what": "b"}],
    }
    found = difference.host("gpu1", old, new)
    assert found.conflicts == ("B: b",)
    assert difference.host("gpu1", plan(), new).after == "conflict"
    assert not difference.host("gpu1", plan(), new).same
    assert difference.host("gpu1", old, old).same


def test_host_that_one_release_knows_nothing_of_is_not_the_same_and_not_known() -> None:
    (found,) = difference.hosts({"gpu1": plan()}, {})
    assert not found.known and not found.same


def test_steps_are_told_where_the_other_deploy_would_take_others() -> None:
    old, new = {**plan(), "forecast": ["a"]}, {**plan(), "forecast": ["a", "b"]}
    assert difference.host("gpu1", old, new).steps == ("a", "b")
    assert difference.host("gpu1", new, new).steps == ()

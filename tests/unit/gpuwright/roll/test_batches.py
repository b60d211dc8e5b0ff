"""Batches by counts and percentages, canaries, and how many may fail."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuwright.roll.batches import AmountError, is_over, may_fail, share, sizes, split

EIGHT = [f"gpu{n}" for n in range(8)]


def many(text: str, hosts: int, canary: int = 0) -> list[int]:
    """How many hosts each batch has."""
    names = [f"h{n}" for n in range(hosts)]
    return [len(batch) for batch in split(names, names[:canary], sizes(text))]


@pytest.mark.parametrize(
    ("text", "hosts", "expected"),
    [
        ("1,10%,25%", 40, [1, 4, 10, 10, 10, 5]),
        ("1,10%,25%", 1, [1]),
        ("1,10%,25%", 3, [1, 1, 1]),
        ("10%", 19, [1] * 19),
        ("10%", 29, [2] * 14 + [1]),
        ("100%", 1000, [1000]),
        ("1,10%,25%", 1000, [1, 100, 250, 250, 250, 149]),
        ("0.1%", 1000, [1] * 1000),
        ("5", 3, [3]),
        (" 2 , 50% ", 8, [2, 4, 2]),
        ("1", 0, []),
    ],
)
def test_percentages_are_of_all_hosts_rounded_down_to_one_at_least(
    text: str, hosts: int, expected: list[int]
) -> None:
    assert many(text, hosts) == expected


@pytest.mark.parametrize("text", ["", "0", "0%", "101%", "-1", "1,,2", "x", "1.5", "1;2", "²"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="--batches"):
        sizes(text)


def test_canaries_go_first_and_by_themselves() -> None:
    assert split(EIGHT, ["gpu5", "gpu2", "gpu5"], sizes("4"))[:2] == (
        ("gpu5", "gpu2"),
        ("gpu0", "gpu1", "gpu3", "gpu4"),
    )
    assert split(["one"], ["one"], sizes("1")) == (("one",),)


def test_canary_that_is_no_host_of_the_roll_is_refused() -> None:
    with pytest.raises(AmountError, match="--canary gpu9: no such host among the 8"):
        split(EIGHT, ["gpu9"], sizes("1"))


def test_hosts_in_use_go_last_but_for_the_canary() -> None:
    found = split(EIGHT, ["gpu1"], sizes("3"), late={"gpu0", "gpu1"})
    assert found == (("gpu1",), ("gpu2", "gpu3", "gpu4"), ("gpu5", "gpu6", "gpu7"), ("gpu0",))


@given(st.integers(0, 300), st.lists(st.integers(1, 50), min_size=1, max_size=4), st.data())
def test_every_host_is_in_one_batch_and_no_batch_is_empty(
    count: int, each: list[int], data: st.DataObject
) -> None:
    names = [f"h{n}" for n in range(count)]
    canary = data.draw(st.lists(st.sampled_from(names), max_size=3)) if names else []
    found = split(names, canary, sizes(",".join(map(str, each))))
    assert sorted(name for batch in found for name in batch) == sorted(names)
    assert all(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0", 0), ("0.1", Fraction(1, 10)), ("10%", Fraction(1, 10)), ("1", 1), (".5", Fraction(1, 2)),
     ("100%", 1), ("33.3%", Fraction(333, 1000))],
)  # fmt: skip
def test_share_is_a_part_or_a_percentage(text: str, expected: Fraction) -> None:
    assert share(text) == expected


@pytest.mark.parametrize("text", ["", "2", "1.1", "-0.1", "101%", "ten", "nan", "1e-1", "٣"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(AmountError, match="--fail-share"):
        share(text)


def test_exactly_the_share_may_fail() -> None:
    tenth = share("0.1")
    assert may_fail(40, tenth) == 4 and not is_over(4, 40, tenth) and is_over(5, 40, tenth)
    assert may_fail(8, tenth) == 0 and is_over(1, 8, tenth)
    assert not is_over(8, 8, share("1")) and not is_over(0, 8, share("0"))
    assert not is_over(3, 30, share("10%")), "0.1 is no float here"

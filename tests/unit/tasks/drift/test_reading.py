"""A reading written and read again; and what somebody else may have written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.drift.reading import MOST, Component, Reading, as_data, of_data
from tests.unit.tasks.drift.a_fleet import planted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = sorted({key for reading in planted()[0] for key in as_data(reading)})


@pytest.mark.parametrize("reading", planted()[0], ids=lambda reading: reading.host)
def test_reading_is_read_again_as_it_was_written(reading: Reading) -> None:
    assert of_data(reading.host, json.loads(json.dumps(as_data(reading)))) == reading


@given(JSON | st.dictionaries(st.sampled_from(KEYS), JSON))
def test_nothing_that_somebody_wrote_raises_and_it_can_be_written_again(data: Any) -> None:
    found = of_data("gpu1", data)
    assert of_data("gpu1", as_data(found)) == found


def test_terminal_obeys_nothing_of_it_and_no_text_is_huge() -> None:
    data = {"why": "\x1b]0;x\x07" + "y" * 5000, "components": {"driver": {"actual": "z" * 5000}}}
    found = of_data("gpu\x1b[1m", data)
    assert "\x1b" not in found.host + found.why
    assert len(found.why) == MOST
    assert len(found.components["driver"].actual or "") == MOST


def test_text_in_place_of_a_flag_or_a_time_is_not_known() -> None:
    found = of_data("a", {"answered": "yes", "next_boot": 1, "read_at": "2026-13-45T00:00:00Z"})
    assert (found.answered, found.next_boot, found.read_at) == (False, None, "")


def test_component_without_a_plan_is_none_that_is_not_as_planned() -> None:
    found = of_data("a", {"components": {"driver": {"actual": "580"}, "CUDA": 11, "": {}}})
    assert found.components == {"driver": Component("580")}

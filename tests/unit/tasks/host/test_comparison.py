"""Host data ``like``: hosts of a run held against one of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from facts.handmade import HandmadeParts
from facts.handmade_model import Handmade
from facts.host import HostProbe
from facts.model.host import HostState
from tasks.host import comparison, plan_opening
from tasks.steps.answers import Answers
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.host.test_plans import FULL


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests' hosts answered is forgotten."""
    fresh = Answers(plan_opening._answers.words, closing=comparison.told)
    monkeypatch.setattr(plan_opening, "_answers", fresh)


def left(run: ARun) -> int:
    """The exit status that the last host ends the run with."""
    with pytest.raises(SystemExit) as end:
        run.prepared(plan_opening.this_one)
    assert isinstance(end.value.code, int)
    return end.value.code


def run(state: HostState, **data: Any) -> ARun:
    """A run on this host, with another one in its inventory."""
    return ARun(state, {HandmadeParts: Handmade()}, unreachable=("gpu9",), **data)


def noted(made: ARun, name: str, state: HostState) -> None:
    """Another host of the run was read."""
    rows = comparison.likeness.rows(
        state, comparison.components(state, comparison.resolution.catalog())
    )
    comparison._kept(made.state).rows[name] = rows


def test_host_tells_in_what_it_differs(capsys: pytest.CaptureFixture[str]) -> None:
    made = run(a_host.bare(), like="gpu9")
    noted(made, "gpu9", a_host.done())
    left(made)
    said = capsys.readouterr().out
    assert f"{NAME}: plan\n  {NAME} differs from gpu9 in " in said
    assert "535.309.01 proprietary from debian" in said
    assert "\nWhy\n" not in said, "the plan itself is not what was asked for"


def test_same_as_data_beside_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    made = run(a_host.bare(), like="gpu9", format="json")
    noted(made, "gpu9", a_host.done())
    left(made)
    found = json.loads(capsys.readouterr().out)["hosts"][NAME]
    assert found["verdict"] == "plan" and found["plan"]
    assert found["like"]["host"] == "gpu9" and "driver" in found["like"]["differs"]
    assert found["like"]["components"]["driver"]["this"] == "none"


def test_host_in_conflict_is_compared_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    made = run(FULL, like="gpu9")
    noted(made, "gpu9", FULL)
    assert left(made) == 2
    said = capsys.readouterr().out
    assert "DISK-SMALL" in said and f"{NAME} is like gpu9 in all of" in said


def test_host_that_could_not_be_read_leaves_the_others_their_plans(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert left(run(a_host.bare(), like="gpu9")) == 3
    said = capsys.readouterr().out
    assert f"{NAME}: plan" in said and "\nWhy\n" in said
    assert "cannot be compared: gpu9 could not be read" in said


def test_name_that_no_host_of_the_run_has_is_a_conflict(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert left(run(a_host.bare(), like="gpu7")) == 2
    assert 'LIKE-UNKNOWN: the host "gpu7"' in capsys.readouterr().out


def test_host_itself_is_what_the_others_are_compared_with(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert left(ARun(a_host.bare(), {HandmadeParts: Handmade()}, like=NAME)) == 0
    said = capsys.readouterr().out
    assert said.strip() == f"{NAME}: plan, what the others are compared with"


def test_nothing_more_is_asked_where_nothing_is_compared() -> None:
    made = ARun(a_host.bare())
    left(made)
    assert HandmadeParts not in made.asked and HostProbe in made.asked


def test_changed_host_is_another_one() -> None:
    other = replace(a_host.bare(), secure_boot=True)
    made = run(a_host.bare(), like="gpu9")
    noted(made, "gpu9", other)
    left(made)
    assert plan_opening._answers.told[NAME].data["like"]["differs"] == ["Secure Boot"]

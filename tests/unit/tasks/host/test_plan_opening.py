"""The deploy that only tells plans: text, data, exit status, and that it touches no host."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from typing import Any

import pytest

from facts.archives import ArchiveAnswers
from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.host import HostProbe
from facts.model.host import HostState
from facts.outlook import PackageOutlook
from tasks.host import plan_opening, plans
from tasks.steps.answers import Answers
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.host.test_plans import FULL, NO_ROOT
from tests.unit.tasks.jetson.test_state import board

CONTAINER_HOST = replace(a_host.done(), record={"containers": {}})


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What other tests' hosts answered is forgotten."""
    monkeypatch.setattr(plan_opening, "_answers", Answers(plan_opening._answers.words))


def left(run: ARun) -> int:
    """The exit status that the last host ends the run with."""
    with pytest.raises(SystemExit) as end:
        run.prepared(plan_opening.this_one)
    assert isinstance(end.value.code, int)
    return end.value.code


def document(run: ARun, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What is printed, as one JSON document."""
    left(run)
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_plan_is_told_with_reasons_and_facts_and_the_host_is_not_touched(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = ARun(a_host.bare())
    assert left(run) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}: plan\npytorch-2.9 on Debian 12")
    assert "\nWhy\n" in said and "    source: " in said
    assert "\nFacts\n  os: debian-12\n" in said
    assert "\nWhat deploys/gpu_host.py would do\n" in said
    assert (run.asked, run.wire.commands, run.state.ops[run.host]) == (
        [HostProbe, ArchiveAnswers, PackageOutlook],
        [],
        {},
    )


def test_same_is_one_document_of_the_whole_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    found = document(ARun(a_host.bare(), unreachable=("gpu2",), format="json"), capsys)
    assert (found["verdict"], set(found["hosts"])) == ("unknown", {NAME, "gpu2"})
    assert found["hosts"]["gpu2"] == {"verdict": "unknown", "why": "it could not be reached"}
    one = found["hosts"][NAME]
    assert (one["verdict"], one["plan"]["digest"]) == ("plan", a_host.plan().digest)
    assert one["plan"]["reasons"] and one["facts"]["os"] == "debian-12" and one["forecast"]


@pytest.mark.parametrize(
    ("state", "data", "code"),
    [
        (NO_ROOT, {}, "NO-ROOT"),
        (FULL, {}, "DISK-SMALL"),
        (a_host.bare(), {"stack": "pytorch-9.9"}, "STACK-INVALID"),
        (a_host.bare(), {"rollback": 1}, "ROLLBACK-NONE"),
    ],
)
def test_conflict_ends_with_two_and_is_told_as_text_and_as_data(
    capsys: pytest.CaptureFixture[str], state: HostState, data: dict[str, Any], code: str
) -> None:
    run = ARun(state, unreachable=("gpu2",), **data)
    assert (left(run), run.state.ops[run.host]) == (2, {})
    assert f"{NAME}: conflict\n" in (said := capsys.readouterr().out) and f"{code}: " in said
    found = document(ARun(state, format="json", **data), capsys)
    assert [c["code"] for c in found["hosts"][NAME]["conflicts"]] == [code]
    assert found["verdict"] == "conflict"


def test_host_that_cannot_be_read_ends_with_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(ARun(None)) == 3
    assert f"{NAME}: UNKNOWN\n  its state could not be read" in capsys.readouterr().out


def test_format_that_is_none_is_a_conflict(capsys: pytest.CaptureFixture[str]) -> None:
    assert left(ARun(a_host.bare(), format="yaml")) == 2
    assert "\"format\" is 'yaml', expected one of text, json" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("state", "deploy"),
    [(a_host.bare(), "gpu_host"), (board(), "jetson_host"), (CONTAINER_HOST, "container_host")],
)
def test_plan_is_that_of_the_hosts_own_deploy(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    state: HostState,
    deploy: str,
) -> None:
    monkeypatch.setattr(plans.offers, "asked", lambda plan, names: (None, ()))
    run = ARun(state, {ContainerEngines: Engines()}, format="json")
    found = document(run, capsys)["hosts"][NAME]
    assert found["deploy"] == f"deploys/{deploy}.py"
    assert run.wire.commands == []


def test_deploy_is_this_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        ARun(a_host.bare()).prepared(lambda: runpy.run_path("deploys/plan.py"))
    assert f"{NAME}: plan" in capsys.readouterr().out


@pytest.mark.parametrize("columns", ["20", "80"])
def test_command_of_a_way_out_is_not_broken(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    state = replace(a_host.bare(), shared={"/opt": "user ana may write there " * 9})
    left(ARun(state))
    asked = "look at it, then: chown root:root /opt && chmod go-w /opt"
    assert any(line.endswith(asked) for line in capsys.readouterr().out.splitlines())

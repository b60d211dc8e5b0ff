"""The opening of a removal, and its run on a host that is a value."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.gpu_users import GpuUsers
from facts.removal import Removal
from facts.removal_model import Container, Traces
from tasks.removal.removal_opening import conflicts, from_inside
from tests.unit.tasks import a_host, a_run
from tests.unit.tasks.removal.test_removal_plan import made, plan

BUSY = ["4711 python3"]


def run(traces: Traces, users: list[str] | None = None, **data: Any) -> a_run.ARun:
    """The deploy on a host with these traces, as pyinfra prepares it."""
    facts: a_run.Facts = {Removal: traces, GpuUsers: users or []}
    found = a_run.ARun(a_host.done(), facts, **data)
    found.prepared(lambda: runpy.run_path("deploys/remove.py"))
    return found


def test_host_that_never_met_us_is_left_alone_and_well() -> None:
    found = run(Traces(before=None))
    assert found.changes == [] and found.exit_status == 0
    assert found.executed().wire.commands == [] and found.wire.notes == []


def test_each_part_has_its_step() -> None:
    assert run(made()).changes == [
        *("Kernel guard", "Holds and pins", "Packages"),
        *("Settings and repositories", "Folders and notes"),
    ]


def test_removal_notes_nothing_of_before() -> None:
    found = run(made())
    found.executed()
    assert found.wire.notes == []


def test_wrong_word_is_refused() -> None:
    assert run(made(), also="driver").exit_status == 1


def test_host_in_use_is_refused_before_it_is_touched() -> None:
    found = run(made(), BUSY)
    assert found.exit_status == 1
    assert found.executed().wire.commands == []


def test_timer_of_the_report_is_stopped_before_its_folder_goes() -> None:
    units = tuple(f"/etc/systemd/system/gpuwright-report.{kind}" for kind in ("service", "timer"))
    found = run(made(files=(*made().files, *units)))
    assert found.changes[0] == "Timer of the report" and found.changes[-1] == "Folders and notes"
    found.executed()
    stopped = next(c for c in found.wire.commands if "gpuwright-report.timer" in c)
    assert "systemctl disable --quiet --now gpuwright-report.timer" in stopped
    assert all(unit in stopped for unit in units)
    assert not any(u in c for u in units for c in found.wire.commands if c != stopped)


def test_job_that_runs_is_named_before_anything_is_touched() -> None:
    found = run(made(running=("gpuwright-burn-in.service",)))
    assert found.exit_status == 1
    assert found.executed().wire.commands == []


@pytest.mark.parametrize("name", ["burn-in", "benchmark", "torch", "driver", "benchmark-turn"])
def test_any_job_of_ours_stands_against_it(name: str) -> None:
    unit = f"gpuwright-{name}.service"
    (found,) = conflicts(plan(made()), made(running=(unit,)), [])
    assert found.code == "REMOVE-JOB-RUNS" and unit in found.what
    assert any(f"systemctl stop {unit}" in way for way in found.remedies)


def test_host_that_does_not_say_what_runs_is_not_cleared() -> None:
    (found,) = conflicts(plan(made()), made(running=("?",)), [])
    assert found.code == "REMOVE-JOB-RUNS" and "not known" in found.what


@pytest.mark.parametrize(
    "name", ["guard", "workspace@alice", "pull", "report", "unguard", "removal", "settings"]
)
def test_what_a_removal_stops_or_has_begun_itself_does_not(name: str) -> None:
    traces = made(running=(f"gpuwright-{name}.service",))
    assert conflicts(plan(traces), traces, []) == ()


def code(traces: Traces, users: list[str] | None, also: str = "") -> list[str]:
    return [c.code for c in conflicts(plan(traces, also), traces, users)]


@pytest.mark.parametrize(
    ("users", "expected"), [([], []), (BUSY, ["REMOVE-GPU-BUSY"]), (None, ["REMOVE-GPU-BUSY"])]
)
def test_programs_on_the_gpu_stand_against_it(users: list[str] | None, expected: list[str]) -> None:
    assert code(made(), users) == expected


def test_programs_on_the_gpu_are_of_no_matter_where_no_driver_goes() -> None:
    traces = replace(made(), brought=replace(made().brought, packages={"dkms": "3"}))
    assert code(traces, BUSY) == []


def test_workspace_that_runs_stands_against_it_unless_it_goes_too() -> None:
    traces = made(workspaces=("alice",), containers=(Container("ws", True, "alice"),))
    assert code(traces, []) == ["REMOVE-GPU-BUSY"]
    assert code(traces, [], "workspaces") == []
    asleep = replace(traces, containers=(Container("ws", False, "alice"),))
    assert code(asleep, []) == []


@pytest.mark.parametrize(
    ("left", "also", "stands"),
    [
        ({"containers": (Container("web", False),)}, "engine", True),
        ({"volumes": ("data",)}, "engine", True),
        ({"images": ("theirs:1",)}, "engine images", True),
        ({"images": ("ours:1",), "image_names": ("ours:1",)}, "engine", True),
        ({"images": ("ours:1",), "image_names": ("ours:1",)}, "engine images", False),
        ({"containers": (Container("web", False),)}, "", False),
        ({}, "engine", False),
    ],
)
def test_engine_stays_while_docker_has_anything_that_does_not_go_before(
    left: dict[str, Any], also: str, stands: bool
) -> None:
    traces = made(**left)
    engine = replace(traces.installed[-1], name="docker.io", depends="")
    traces = replace(traces, installed=(*traces.installed, engine))
    packages = {**traces.brought.packages, "docker.io": "1"}
    traces = replace(traces, brought=replace(traces.brought, packages=packages))
    assert code(traces, [], also) == (["REMOVE-ENGINE-USED"] if stands else [])


SOURCE = Path("/opt/gpuwright/pull/source-0123")


@pytest.mark.parametrize(
    ("here", "boot_id", "refused"),
    [
        ((SOURCE, SOURCE / ".venv"), "a", True),
        ((Path("/root/gpuwright"), SOURCE / ".venv"), "a", True),
        ((SOURCE, SOURCE / ".venv"), "b", False),  # another machine's
        ((SOURCE, SOURCE / ".venv"), None, False),
        ((Path("/opt/gpuwrighter"), Path("/usr")), "a", False),
    ],
)
def test_gpuwright_that_would_take_itself_away_is_refused(
    here: tuple[Path, ...], boot_id: str | None, refused: bool
) -> None:
    found = from_inside(plan(made()), boot_id, here, "a")
    assert [one.code for one in found] == ["REMOVE-FROM-INSIDE"] * refused


def test_engine_of_rocky_stays_while_docker_has_a_container() -> None:
    traces = made(containers=(Container("web", False),))
    engine = replace(traces.installed[-1], name="docker-ce.x86_64")
    traces = replace(
        traces,
        installed=(*traces.installed, engine),
        brought=replace(
            traces.brought, packages={**traces.brought.packages, "docker-ce.x86_64": "1"}
        ),
    )
    assert code(traces, [], "engine") == ["REMOVE-ENGINE-USED"]

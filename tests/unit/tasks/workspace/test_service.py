"""The steps of a workspace: what each sends to the host, and when it sends nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from facts.workspace_model import Token, WorkspaceState
from facts.workspaces import Workspaces
from tasks.hostdata.workspace_values import WorkspaceSettings
from tasks.steps.files import digest
from tasks.workspace import placing, service
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.a_workspace import CDI, KEY, NEW, OLD, done, placed, ready, settings_of
from tests.unit.tasks.sent import answering, files, prepare, ran

ALICE = settings_of(workspace_user="alice")
RELOAD = "systemctl daemon-reload"
UP = "systemctl {} gpuwright-workspace@alice.service"


def host(**texts: str) -> HostState:
    """A host with unit and program as they are to be, but for these texts."""
    now = {placing.UNIT: placing.unit(), placing.PROGRAM: placing.program()}
    changed = {placing.UNIT: texts.get("unit"), placing.PROGRAM: texts.get("program")}
    digests = {path: digest(changed[path] or text) for path, text in now.items()}
    return replace(a_host.bare(), managed_files={**digests, placing.link("alice"): "a link"})


def step(operation: Any, state: WorkspaceState, on: HostState | None = None, **more: Any) -> ARun:
    """One step for Alice's workspace."""
    return ran(operation, on or host(), {Workspaces: state}, **{"settings": ALICE, **more})


# ----------------------------------------------------------------- unit and program


def test_unit_and_program_that_are_there_stay() -> None:
    assert step(service.program, ready()).changes == []


def test_new_unit_needs_no_reload_which_would_cost_containers_their_gpus() -> None:
    run = step(service.program, ready(), a_host.bare())
    assert set(files(run)) == {placing.UNIT, placing.PROGRAM}
    assert RELOAD not in run.wire.commands[0]


def test_unit_with_another_text_is_read_again() -> None:
    run = step(service.program, ready(), host(unit="older"))
    assert set(files(run)) == {placing.UNIT}
    assert run.wire.commands[0].endswith(RELOAD)


def test_program_alone_needs_no_reload() -> None:
    run = step(service.program, ready(), host(program="older"))
    assert set(files(run)) == {placing.PROGRAM}
    assert RELOAD not in run.wire.commands[0]


def test_host_without_workspaces_gets_no_unit() -> None:
    assert (
        step(service.program, ready(), a_host.bare(), settings=WorkspaceSettings(())).changes == []
    )


# ----------------------------------------------------------------- secrets


def test_folder_with_its_secrets_is_left_alone() -> None:
    assert step(service.secrets, done(placed()), ask=CDI).changes == []


@pytest.mark.parametrize(
    "token", [None, Token(1001, "644", 64), Token(0, "400", 64), Token(1001, "400", 0)]
)
def test_token_that_is_missing_or_not_the_users_alone_is_fixed(token: Token | None) -> None:
    state = done(placed())
    seen = replace(state.workspaces["alice"], token=token)
    run = step(service.secrets, replace(state, workspaces={"alice": seen}), ask=CDI)
    assert run.changes


def test_key_that_host_data_add_is_written() -> None:
    settings = settings_of(workspace_user="alice", workspace_ssh_key=KEY)
    run = step(service.secrets, done(placed()), settings=settings, ask=CDI)
    assert list(files(run).values()) == [f"{KEY}\n"]


# ----------------------------------------------------------------- running


def test_workspace_that_runs_is_left_alone() -> None:
    run = step(service.running, done(placed()), ask=CDI)
    assert (run.changes, run.wire.commands) == ([], [])


def test_container_that_has_stopped_is_restarted_and_its_image_remembered() -> None:
    place = placed()
    state = done(place)
    stopped = {name: replace(c, status="exited") for name, c in state.containers.items()}
    run = step(service.running, replace(state, containers=stopped), ask=CDI)
    assert UP.format("restart") in run.wire.commands[0]
    record = run.written(f"{place.workspace.folder}/record.json")
    assert record is not None
    assert (record["image"], record["values"]) == (NEW, place.made.values)


def test_running_container_is_not_restarted_for_its_record_alone() -> None:
    state = done(placed())
    seen = replace(state.workspaces["alice"], record={})
    run = step(service.running, replace(state, workspaces={"alice": seen}), ask=CDI)
    assert UP.format("start") in run.wire.commands[0]


def test_container_of_another_image_is_replaced_and_the_former_one_remembered() -> None:
    former = placed(workspace_tag="v2.8")
    run = step(service.running, done(former), ask=CDI)
    assert UP.format("restart") in run.wire.commands[0]
    record = run.written(f"{former.workspace.folder}/record.json")
    assert record is not None
    assert {OLD, NEW} == {image["id"] for image in record["images"]}


def test_workspace_that_does_not_start_shows_its_journal_and_leaves_no_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = ARun(host(), {Workspaces: ready()})
    prepare(run, service.running, settings=ALICE, ask=CDI)
    answering(run, {"systemctl restart": (False, "docker: no such device")})
    assert run.executed().exit_status == 1
    assert "docker: no such device" in caplog.text
    assert run.written(f"{placed().workspace.folder}/record.json") is None


def test_dry_run_tells_of_a_workspace_whose_image_is_yet_to_be_built() -> None:
    run = ARun(host(), {Workspaces: replace(ready(), images={})})
    prepare(run, service.running, settings=ALICE, ask=CDI)
    assert (run.changes, run.wire.commands) == (["the step"], [])


# ----------------------------------------------------------------- removal


def test_workspace_that_is_to_go_goes_and_others_stay() -> None:
    gone = settings_of(workspaces_absent=["alice", "bob"])
    run = step(service.removed, done(placed()), a_host.bare(), settings=gone)
    (command,) = run.wire.commands
    assert "gpuwright-workspace@alice.service" in command
    assert "gpuwright-workspace@bob.service" not in command, "nothing is there of Bob's"


def test_removal_that_was_done_is_not_done_again() -> None:
    gone = settings_of(workspaces_absent=["alice"])
    assert step(service.removed, ready(), a_host.bare(), settings=gone).changes == []

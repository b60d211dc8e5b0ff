"""The opening of a host for its workspaces: what is to be, or the refusal, after two questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import StringCommand

from facts.host import HostProbe
from facts.model.host import HostState
from facts.workspace_model import WorkspaceState
from facts.workspaces import Workspaces
from tasks.steps.step import Commands, step
from tasks.workspace import report, workspace_opening
from tests.unit.tasks import a_host, a_workspace
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.host.test_plans import NO_SYSTEMD, as_user
from tests.unit.tasks.jetson.test_state import board

READY = a_workspace.ready()
NO_IMAGE = replace(READY, images={}, image_ids=())
NO_DOCKER = replace(READY, docker=None, docker_why="cannot connect")


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch, at_end: list[Callable[..., None]]) -> dict[str, Any]:
    """The lines of the report of workspaces: those of this test alone."""
    own: dict[str, Any] = {}
    monkeypatch.setattr(report, "_lines", own)
    return own


def opened(
    workspaces: WorkspaceState | None = READY, state: HostState | None = None, **data: Any
) -> tuple[ARun, workspace_opening.Opening | None]:
    """The host after its opening, and what that gave."""
    run = ARun(state or a_host.bare(), {Workspaces: workspaces}, **data)
    return run, run.prepared(workspace_opening.for_this_host)


def test_host_with_docker_and_image_gets_its_workspaces_after_two_questions(
    said: dict[str, Any],
) -> None:
    run, found = opened(workspace_user="alice", ssh_hostname="10.0.0.7", ssh_port=2022)
    assert found is not None
    assert [w.user for w in found.settings.workspaces] == ["alice"]
    assert found.settings.workspaces[0].reference == "pytorch-cuda:v2.9"
    assert found.ask[0] == "--runtime=nvidia"
    assert (found.ssh_route.host, found.ssh_route.port, found.deferred) == ("10.0.0.7", 2022, False)
    assert (run.asked, run.exit_status) == ([HostProbe, Workspaces], 0)
    assert (said[NAME].verdict, run.wire.commands) == ("PLANNED", [])


@pytest.mark.parametrize(
    ("state", "data", "code"),
    [
        (as_user(a_host.bare(), sudo=False), {}, "NO-ROOT"),
        (replace(a_host.bare(), system=NO_SYSTEMD.system), {}, "NO-SYSTEMD"),
        (a_host.bare(), {"workspace_port": "many"}, "STACK-INVALID"),
        (a_host.bare(), {"stack": "pytorch-9.9"}, "STACK-INVALID"),
        (a_host.bare(), {"rollback": "one"}, "STACK-INVALID"),
        (board(), {}, "JETSON-CONTAINERS"),
    ],
)
def test_host_is_refused_after_one_look(
    said: dict[str, Any], state: HostState, data: dict[str, Any], code: str
) -> None:
    run, found = opened(state=state, **{"workspace_user": "alice", **data})
    assert found is None
    assert (said[NAME].verdict, said[NAME].rest[0].split(":")[0]) == ("REFUSED", code)
    assert (run.exit_status, run.changes) == (1, [f"Refused: {code}"])
    run.executed()
    assert (run.asked, run.wire.commands) == ([HostProbe], [])


@pytest.mark.parametrize(
    ("workspaces", "data", "code"),
    [
        (READY, {}, "WORKSPACE-NONE"),
        (READY, {"workspace_user": "carol"}, "WORKSPACE-USER"),
        (NO_DOCKER, {"workspace_user": "alice"}, "WORKSPACE-DOCKER"),
        (NO_IMAGE, {"workspace_user": "alice"}, "WORKSPACE-IMAGE"),
    ],
)
def test_host_is_refused_for_what_is_seen_of_its_workspaces(
    said: dict[str, Any], workspaces: WorkspaceState, data: dict[str, Any], code: str
) -> None:
    run, found = opened(workspaces, **data)
    assert found is None
    assert (said[NAME].verdict, said[NAME].rest[0].split(":")[0]) == ("REFUSED", code)
    assert (run.exit_status, run.asked) == (1, [HostProbe, Workspaces])


@pytest.mark.parametrize(
    ("workspaces", "user", "waits"),
    [(NO_DOCKER, "alice", True), (NO_IMAGE, "alice", True), (READY, "carol", False)],
    ids=["Docker", "image", "a user is no deploy's business"],
)
def test_what_an_earlier_deploy_may_bring_is_looked_for_again_later(
    workspaces: WorkspaceState, user: str, waits: bool
) -> None:
    @step
    def image() -> Commands:
        yield StringCommand("docker load")

    run = ARun(a_host.bare(), {Workspaces: workspaces}, workspace_user=user)
    run.prepared(lambda: image(name="Image"))
    found = run.prepared(workspace_opening.for_this_host)
    assert (found is not None and found.deferred, run.exit_status) == (waits, int(not waits))


def test_workspace_without_gpus_needs_no_plan_for_containers() -> None:
    _, found = opened(state=board(), workspace_user="alice", workspace_gpus="none")
    assert found is not None and found.ask == ()


@pytest.mark.parametrize("silent", [HostProbe, Workspaces])
def test_host_that_does_not_answer_gets_nothing_and_does_not_stop_the_run(
    said: dict[str, Any], silent: type[Any]
) -> None:
    run = ARun(a_host.bare(), {Workspaces: READY}, workspace_user="alice")
    run.answers[silent] = None
    assert run.prepared(workspace_opening.for_this_host) is None
    assert (said[NAME].verdict, run.state.ops[run.host]) == ("UNKNOWN", {})


@pytest.mark.parametrize("sudo", [True, False])
def test_root_is_taken_by_sudo_only_where_that_is_to_be_had(sudo: bool) -> None:
    run, _ = opened(state=as_user(a_host.bare(), sudo=sudo), workspace_user="alice")
    assert run.host.data.get("_sudo") is (True if sudo else None)

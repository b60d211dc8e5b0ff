"""Containers: Docker's settings as they are merged, CDI, Docker without root, workspaces."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from facts.engine_model import Engines, Running, User
from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import (
    cdi,
    cdi_state,
    daemon_json,
    daemon_proxy,
    docker_change,
    engine_conflicts,
    findings,
    forecast,
    proof,
    rootless_state,
)
from tasks.containers.daemon_json import DaemonJsonError
from tasks.hostdata import containers as container_data
from tasks.workspace import placing, service, workspace_conflicts
from tasks.workspace.entrance import SshRoute, entrance
from tests.unit.golden.host_files import Section, joined, rows
from tests.unit.golden.situations import SITUATIONS, Situation, installed
from tests.unit.tasks import a_container_host, a_workspace
from tests.unit.tasks.containers.test_daemon_json import MIRRORS_AND_LOGS, OTHER_RUNTIMES

DAEMON = {
    "none": None,
    "empty": "",
    "broken": "{",
    "mirrors and logs": MIRRORS_AND_LOGS,
    "other runtimes": OTHER_RUNTIMES,
    "by a guide": '{"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "/x"}}}',
}
ANA = User("ana", 1000, "/home/ana", lingers=False, has_docker=False)
TRAINS = a_container_host.docker(Running("train", "base:1", gpus=True))
WORKSPACES: dict[str, dict[str, Any]] = {
    "plain": {},
    "all": {
        "workspace_ssh_key": a_workspace.KEY,
        "workspace_tensorboard_port": 6007,
        "workspace_gpus": 2,
        "workspace_memory": "64g",
        "workspace_cpus": "8",
        "workspace_address": "0.0.0.0",
    },
    "by id": {"workspace_gpus": "0,2"},
    "address of version 6": {"workspace_address": "::1", "workspace_port": 9000},
}


def texts() -> dict[str, str]:
    """File name to text."""
    found = {
        f"containers/{name}.txt": joined(_host(one))
        for name, one in SITUATIONS.items()
        if one.containers
    }
    for name, data in WORKSPACES.items():
        found[f"workspaces/{name.replace(' ', '-')}.txt"] = joined(_workspace(data))
    found["workspaces/program.sh"] = placing.program()
    found["workspaces/unit.service"] = placing.unit()
    found["workspaces/removal.sh"] = service.removal(("alice", "bob"))
    return found


def _host(one: Situation) -> Iterator[Section]:
    plan = one.resolution.plan
    assert plan is not None and plan.containers is not None
    settings = container_data.container_settings(one.data)
    yield "CDI", cdi.drop_in_text(plan.containers)
    yield "proxy", daemon_proxy.text(docker_change.way_out(settings))
    yield "words", shlex.join(proof.ask(plan))
    whole = installed(one.state, plan)
    for name, text in DAEMON.items():
        yield (
            f"daemon.json, {name}",
            _merged(text, docker_change.daemon_settings(plan.containers, settings)),
        )
        engines_state = a_container_host.engines(text, docker=TRAINS, users={"ana": ANA})
        yield f"seen with {name}", rows(_seen(whole, engines_state, plan, settings))
    yield "bare", rows(_seen(one.state, Engines(), plan, settings))
    yield from _rootless(plan)


def _merged(text: str | None, settings: daemon_json.Settings) -> str:
    try:
        return daemon_json.merged(text, settings) or "(as it should be)"
    except DaemonJsonError as error:
        return f"error: {error}"


def _seen(
    state: HostState, engines_state: Engines, plan: Plan, settings: container_data.ContainerSettings
) -> list[Any]:
    conflicts = engine_conflicts.conflicts(state, engines_state, plan, settings)
    judged = findings.findings(state, engines_state, plan, settings)
    words = proof.engine_words(state, engines_state, plan)
    try:
        lines = forecast.lines(state, engines_state, plan, settings)
        stopped = docker_change.stops(state, engines_state, plan, settings)
        due = rootless_state.due(state, engines_state, plan, settings)
    except DaemonJsonError as error:
        return [*conflicts, *judged, words, str(error)]
    return [*conflicts, *judged, words, *lines, stopped, due, cdi_state.left_behind(engines_state)]


def _rootless(plan: Plan) -> Iterator[Section]:
    engine = docker_change.docker_of(plan)
    if engine is None:
        return
    yield "unit without root", rootless_state.unit_text(engine)
    for name, text in DAEMON.items():
        yield (
            f"daemon.json without root, {name}",
            _merged(text, rootless_state.daemon_settings(plan)),
        )


def _workspace(data: dict[str, Any]) -> Iterator[Section]:
    for name, ask in (
        ("CDI", a_workspace.CDI),
        ("runtime", a_workspace.RUNTIME),
        ("gpus", a_workspace.GPUS),
    ):
        place = a_workspace.placed(ask=ask, **data)
        yield f"values, {name}", place.made.values
        for path, (text, mode) in placing.container_files(place).items():
            yield f"{path} {mode}, {name}", text
    place = a_workspace.placed(**data)
    yield "keys", placing.keys_text(place.workspace)
    yield "secrets", service.secrets_script(place)
    for ssh_route in (SshRoute("gpu1.example.org", ""), SshRoute("10.0.0.1", "root", 2222)):
        yield f"entrance by {ssh_route.words}", "\n".join(entrance(place, ssh_route))
    host = SITUATIONS["debian-12-done"].state
    settings = a_workspace.settings_of(**{"workspace_user": "alice", **data})
    for state in (
        a_workspace.ready(),
        replace(a_workspace.ready(), docker=None, docker_why="not found"),
        replace(a_workspace.ready(), people={}, gpus=()),
        a_workspace.with_gpus(a_workspace.ready(), bob="0,1,2"),
    ):
        yield "conflicts", rows(workspace_conflicts.conflicts(host, state, settings))

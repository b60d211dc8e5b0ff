"""Docker's daemon: changed with what is in its settings, and interrupted only with leave."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from facts.engine_model import Engines, Running
from facts.engines import ContainerEngines
from facts.model.host import HostState
from facts.model.system import Unit
from tasks.containers import daemon_json, docker
from tasks.containers.daemon_proxy import DOCKER
from tasks.hostdata.containers import ContainerSettings
from tests.unit.tasks import a_container_host as host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.sent import answering, files, jobs, prepare, ran

RIGHT = '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}'
SECRET = '{"registry-mirrors": ["https://me:pw@m.example.org"]}'
CDI = host.plan(injection="cdi", features={"cdi": True})
PROXY = ContainerSettings(proxy="http://me:pw@proxy.example.org:3128")
NO_PROXY = ContainerSettings()


def settled() -> HostState:
    """A host on which Docker and the toolkit run."""
    names = (package(name, "1.20.0-1") for name in host.TOOLKIT)
    state = with_packages(a_host.bare(), package("docker.io", "20.10.24+dfsg1-1"), *names)
    unit = Unit("docker.service", "active", "enabled")
    return replace(state, units={**state.units, unit.name: unit})


def configured(
    engines: Engines, later: Engines | None = None, before: str | None = None, **said: Any
) -> tuple[ARun, list[str]]:
    """The run with its settings step, and what its host was given to read.

    Args:
        engines: As they are while pyinfra prepares.
        later: As they are when it executes; None: the same.
        before: The text of ``daemon.json``; None: there is none.
        said: The plan and the host data.
    """
    run = ARun(settled(), {ContainerEngines: engines})
    arguments = {"plan": host.plan(), "settings": NO_PROXY, **said}
    prepare(run, docker.configured, **arguments)
    run.answers[ContainerEngines] = later or engines
    told = "absent" if before is None else f"whole {base64.b64encode(before.encode()).decode()}"
    read = answering(run, {"their 0 0 /etc/docker/daemon.json": (True, told)})
    return run.executed(), read


def test_settings_that_are_right_are_left_alone() -> None:
    run, _ = configured(host.engines(RIGHT), before=RIGHT)
    assert (run.changes, run.wire.commands) == ([], [])


def test_runtime_is_added_beside_what_stands_there_and_docker_reads_it_while_it_runs() -> None:
    run, read = configured(host.engines("{}"), before=SECRET)
    assert run.exit_status == 0
    assert {key: list(value) for key, value in json.loads(read[0]).items()} == {
        "registry-mirrors": ["https://me:pw@m.example.org"],
        "runtimes": ["nvidia"],
    }
    script = jobs(run)["docker-settings"]
    assert "systemctl reload docker" in script


def test_passwords_in_the_settings_stand_in_no_command() -> None:
    run, _ = configured(host.engines("{}"), before=SECRET)
    assert not any("me:pw" in text for text in (*run.wire.commands, *jobs(run).values()))


def test_containers_that_came_since_the_run_began_are_not_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    busy = host.engines("{}", docker=host.docker(Running("training", "image", False)))
    run, _ = configured(host.engines("{}"), later=busy, plan=CDI)
    assert (run.exit_status, run.wire.commands) == (1, [])
    assert "DOCKER-BUSY" in caplog.text and "training" in caplog.text


def test_restart_that_is_allowed_is_made_and_says_what_stops(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    busy = host.engines("{}", docker=host.docker(Running("training", "image", False)))
    run, _ = configured(busy, plan=CDI, settings=ContainerSettings(restart="now"))
    assert run.exit_status == 0
    assert "systemctl restart docker" in jobs(run)["docker-settings"]
    assert "containers that stop: training" in caplog.text


@pytest.mark.parametrize("before", ["{", "[]"])
def test_settings_that_cannot_be_merged_stay_as_they_are(
    before: str, caplog: pytest.LogCaptureFixture
) -> None:
    run, read = configured(host.engines("{}"), before=before)
    assert (run.exit_status, read, jobs(run)) == (1, [], {})
    assert f"DAEMON-JSON: {daemon_json.PATH}" in caplog.text


def test_proxy_goes_to_a_file_for_root_and_its_password_into_no_command() -> None:
    run, read = configured(host.engines(RIGHT), before=RIGHT, settings=PROXY)
    assert run.exit_status == 0
    assert any(f"HTTPS_PROXY={PROXY.proxy}" in text.splitlines() for text in read)
    assert not any("me:pw" in command for command in run.wire.commands)
    assert files(run)[DOCKER.drop_in] == DOCKER.drop_in_text
    assert "systemctl restart docker" in jobs(run)["docker-settings"]


def test_proxy_that_is_asked_for_no_more_goes() -> None:
    state = replace(settled(), managed_files={DOCKER.environment: "its digest"})
    run = ran(
        docker.configured,
        state,
        {ContainerEngines: host.engines(RIGHT)},
        plan=host.plan(),
        settings=NO_PROXY,
    )
    removal = run.wire.commands[0]
    assert removal.startswith("rm -f ")
    assert DOCKER.environment in removal and DOCKER.drop_in in removal


def members(*there: str) -> ARun:
    """The step that lets Ann and Bob talk to Docker, where these may already."""
    engines = host.engines(RIGHT, docker_group=there)
    settings = ContainerSettings(users=("ann", "bob"))
    return ran(
        docker.users, settled(), {ContainerEngines: engines}, plan=host.plan(), settings=settings
    )  # fmt: skip


def test_users_who_may_not_talk_to_docker_yet_are_added_and_nobody_is_taken_out() -> None:
    (command,) = members("bob", "carol").wire.commands
    assert command.endswith(" && usermod -aG docker ann")
    assert "ann >>/var/lib/gpuwright/brought/docker-users" in command
    assert members("ann", "bob", "carol").changes == []

"""What Docker's daemon needs: nothing, a reload, a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.engine_model import Engines
from facts.model.host import HostState
from facts.model.system import Unit
from tasks.containers import daemon_proxy, docker_change, engine_state
from tasks.containers.daemon_proxy import DOCKER
from tasks.containers.docker_change import Change
from tasks.hostdata.containers import ContainerSettings
from tasks.hostdata.network import NetworkSettings
from tests.unit.tasks import a_container_host as host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages
from tests.unit.tasks.repositories.test_apt_files import digest

RIGHT = '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}'
CDI = host.plan(injection="cdi", features={"cdi": True})
PROXY = ContainerSettings(proxy="http://me:pw@proxy.example.org:3128", no_proxy=("localhost",))


def settled(active: str = "active", enabled: str = "enabled") -> HostState:
    """Docker and toolkit are there."""
    names = [package(name, "1.20.0-1") for name in host.TOOLKIT]
    state = with_packages(a_host.bare(), package("docker.io", "20.10.24+dfsg1-1"), *names)
    unit = Unit("docker.service", active, enabled)
    return replace(state, units={**state.units, unit.name: unit})


def test_converged_docker_needs_nothing() -> None:
    assert not docker_change.change(
        settled(), host.engines(RIGHT), host.plan(), ContainerSettings()
    )


def test_runtime_comes_by_a_reload() -> None:
    change = docker_change.change(settled(), host.engines("{}"), host.plan(), ContainerSettings())
    assert change == Change(keys=("runtimes",))


def test_mirrors_come_by_a_reload() -> None:
    settings = ContainerSettings(mirrors=("https://m.example.org",))
    change = docker_change.change(settled(), host.engines(RIGHT), host.plan(), settings)
    assert change == Change(keys=("registry-mirrors",))


def test_cdi_needs_a_restart() -> None:
    change = docker_change.change(settled(), host.engines("{}"), CDI, ContainerSettings())
    assert change.keys == ("features",)
    assert "features" in change.restart[0]


def test_docker_that_is_yet_to_come_is_not_restarted() -> None:
    change = docker_change.change(a_host.bare(), Engines(), CDI, ContainerSettings())
    assert change == Change(keys=("features",))


def test_docker_without_the_toolkit_restarts_when_it_comes() -> None:
    state = with_packages(a_host.bare(), package("docker.io", "20.10.24+dfsg1-1"))
    change = docker_change.change(state, host.engines(RIGHT), host.plan(), ContainerSettings())
    assert "toolkit" in change.restart[0]


def test_restart_that_a_run_did_not_come_to_is_still_due() -> None:
    state = replace(settled(), managed_files={engine_state.DOCKER_MARK: "0"})
    assert docker_change.change(
        state, host.engines(RIGHT), host.plan(), ContainerSettings()
    ).restart


@pytest.mark.parametrize(("active", "enabled"), [("failed", "enabled"), ("active", "disabled")])
def test_docker_that_does_not_run_is_started(active: str, enabled: str) -> None:
    """C8."""
    engines_state = replace(host.engines(RIGHT), docker=None)
    change = docker_change.change(
        settled(active, enabled), engines_state, host.plan(), ContainerSettings()
    )
    assert change == Change(start=True)


def test_proxy_lies_in_a_file_that_the_unit_only_names() -> None:
    assert "pw" not in DOCKER.drop_in_text
    assert "HTTPS_PROXY=http://me:pw@proxy.example.org:3128" in daemon_proxy.text(
        docker_change.way_out(PROXY)
    )
    change = docker_change.change(settled(), host.engines(RIGHT), host.plan(), PROXY)
    assert change.proxy
    assert change.restart
    assert "pw" not in repr(PROXY) + repr(change)


def test_proxy_that_is_written_is_left_and_goes_with_its_setting() -> None:
    there = {
        DOCKER.environment: digest(daemon_proxy.text(docker_change.way_out(PROXY)).encode()),
        DOCKER.drop_in: digest(DOCKER.drop_in_text.encode()),
    }
    state = replace(settled(), managed_files=there)
    assert not DOCKER.due(state, docker_change.way_out(PROXY))
    assert DOCKER.due(state, NetworkSettings())


def test_podman_alone_touches_no_docker() -> None:
    podman = host.EnginePlan("podman", "distribution", "4.3.1", ("podman",), ("podman",))
    engines_state = host.engines("not json")
    assert not docker_change.change(
        settled("failed"), engines_state, host.plan(podman), ContainerSettings()
    )

"""The proxy of host data reaches containerd and podman, and a password no user."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import daemon_proxy, engine_proxy
from tasks.containers.daemon_proxy import CONTAINERD
from tasks.host import resolution
from tasks.hostdata.containers import ContainerSettings, container_settings
from tasks.steps import files
from tests.unit.tasks import a_host, a_run

PLAIN = container_settings(
    {"proxy": "http://proxy.example.org:3128", "no_proxy": ["localhost", "10.0.0.0/8"]}
)
SECRET = container_settings({"proxy": "http://me:s3cret@proxy.example.org:3128"})


def plan(*engines: str) -> Plan:
    """A plan of a container host with these engines."""
    said = {"container_engines": [*engines]}
    found = resolution.resolved(a_host.bare(), said, containers=True).plan
    assert found is not None and found.containers is not None
    assert {one.engine for one in found.containers.engines} == {*engines}
    return found


def ran(state: HostState, settings: ContainerSettings, *engines: str) -> a_run.Wire:
    run = a_run.ARun(state)
    planned = plan(*engines)
    run.prepared(lambda: engine_proxy.told(plan=planned, settings=settings, name="Proxy"))
    return run.executed().wire


def after(settings: ContainerSettings) -> HostState:
    """A host that was told."""
    known = {
        CONTAINERD.environment: daemon_proxy.text(settings.host),
        CONTAINERD.drop_in: CONTAINERD.drop_in_text,
        engine_proxy.PODMAN: engine_proxy.podman_text(settings.host),
    }
    there = {path: files.digest(text) for path, text in known.items() if text}
    return replace(a_host.bare(), managed_files=there)


def test_no_proxy_and_no_engine_of_these_changes_nothing() -> None:
    assert ran(a_host.bare(), ContainerSettings(), "containerd", "podman").commands == []
    assert ran(a_host.bare(), PLAIN, "docker").commands == []


def test_containerd_gets_it_by_its_unit_and_restarts_where_it_runs() -> None:
    wire = ran(a_host.bare(), PLAIN, "containerd")
    assert "HTTPS_PROXY=http://proxy.example.org:3128" in "".join(wire.read)
    assert "NO_PROXY=localhost,10.0.0.0/8" in "".join(wire.read)
    assert CONTAINERD.drop_in in wire.commands[1]
    assert "systemctl restart containerd" in wire.commands[1]
    assert ran(after(PLAIN), PLAIN, "containerd", "podman").commands == []


def test_password_is_read_and_in_no_command() -> None:
    wire = ran(a_host.bare(), SECRET, "containerd", "podman")
    assert "s3cret" in "".join(wire.read)
    assert "s3cret" not in "".join(wire.commands)
    assert engine_proxy.PODMAN not in "".join(wire.commands)


def test_podman_reads_it_from_a_file_of_settings() -> None:
    text = engine_proxy.podman_text(PLAIN.host)
    *_, table, env = text.splitlines()
    assert table == "[engine]"
    # A basic string of TOML is one of JSON here.
    assert json.loads(env.removeprefix("env = ")) == [
        "HTTP_PROXY=http://proxy.example.org:3128",
        "HTTPS_PROXY=http://proxy.example.org:3128",
        "NO_PROXY=localhost,10.0.0.0/8",
    ]
    assert engine_proxy.PODMAN in ran(a_host.bare(), PLAIN, "podman").commands[0]


def test_podman_without_it_is_said_with_the_reason() -> None:
    (said,) = engine_proxy.warnings(plan("podman"), SECRET)
    assert said.startswith("PODMAN-PROXY: ") and "s3cret" not in said
    assert engine_proxy.warnings(plan("podman"), PLAIN) == []
    assert engine_proxy.warnings(plan("docker"), SECRET) == []


def test_what_is_no_longer_said_goes() -> None:
    commands = ran(after(PLAIN), ContainerSettings(), "containerd", "podman").commands
    assert any(f"rm -f {CONTAINERD.drop_in} {CONTAINERD.environment}" in one for one in commands)
    assert f"rm -f {engine_proxy.PODMAN}" in commands


@pytest.mark.parametrize("key", ["docker_proxy", "proxy"])
def test_docker_s_own_proxy_is_docker_s_alone(key: str) -> None:
    settings = container_settings({key: "http://proxy.example.org:3128"})
    assert bool(settings.host.proxy) == (key == "proxy")

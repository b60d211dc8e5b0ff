"""Engines and NVIDIA's toolkit: each set whole, in one version, and only where it is missing."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.containers import EnginePlan
from tasks.containers import engine_packages
from tests.unit.tasks import a_container_host, a_host
from tests.unit.tasks.a_container_host import TOOLKIT
from tests.unit.tasks.a_host import package, with_packages
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.sent import jobs, prepare, ran

PODMAN = EnginePlan("podman", "distribution", "4.3.1", ("podman", "crun"), ("podman",))


def complete() -> HostState:
    """A host with Docker and the toolkit as planned."""
    toolkit = (package(name, "1.20.0-1") for name in TOOLKIT)
    return with_packages(a_host.bare(), package("docker.io", "20.10.24+dfsg1-1"), *toolkit)


def test_complete_host_is_left_alone() -> None:
    for operation in (engine_packages.toolkit, engine_packages.engines):
        run = ran(operation, complete(), plan=a_container_host.plan())
        assert (run.changes, run.wire.commands) == ([], [])


def test_plan_without_containers_brings_none() -> None:
    for operation in (engine_packages.toolkit, engine_packages.engines):
        assert ran(operation, a_host.bare(), plan=a_host.plan()).changes == []


def test_toolkit_comes_as_a_whole_where_one_part_is_of_another_version() -> None:
    state = with_packages(complete(), package("libnvidia-container1", "1.19.0-1"))
    run = ran(engine_packages.toolkit, state, plan=a_container_host.plan())
    assert run.exit_status == 0
    (script,) = jobs(run).values()
    for name in TOOLKIT:
        assert f"{name}=1.20.0-1" in script


def test_each_engine_has_a_job_of_its_own_and_only_if_it_is_missing() -> None:
    plan = a_container_host.plan(a_container_host.DOCKER, PODMAN)
    both = jobs(ran(engine_packages.engines, a_host.bare(), plan=plan))
    assert list(both) == ["docker", "podman"]
    assert "podman" not in both["docker"] and "docker.io" not in both["podman"]
    assert list(jobs(ran(engine_packages.engines, complete(), plan=plan))) == ["podman"]


def test_dry_run_tells_what_would_come_and_sends_nothing() -> None:
    run = ARun(a_host.bare())
    prepare(run, engine_packages.engines, plan=a_container_host.plan())
    assert (run.changes, run.wire.commands) == (["the step"], [])

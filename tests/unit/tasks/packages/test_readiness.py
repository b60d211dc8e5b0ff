"""Who is waited for before our own work with apt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.packages import LockHolder
from facts.model.system import Job
from tasks.packages import readiness
from tasks.steps import course
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun


def with_job(name: str, active: str) -> HostState:
    """The bare host with a job of ours."""
    return replace(a_host.bare(), jobs={name: Job(name, active, None)})


@pytest.mark.parametrize("active", ["active", "activating", "deactivating"])
def test_step_of_an_earlier_run_is_waited_for(active: str) -> None:
    assert readiness.left_jobs(with_job("driver", active)) == ["driver"]


@pytest.mark.parametrize("active", ["inactive", "failed"])
def test_step_that_has_ended_is_not(active: str) -> None:
    assert readiness.left_jobs(with_job("driver", active)) == []


@pytest.mark.parametrize("name", ["venv", "dkms", "cuda-fetch"])
def test_step_without_apt_may_go_on(name: str) -> None:
    assert readiness.left_jobs(with_job(name, "active")) == []


def test_holder_of_a_lock_is_named_even_beside_a_job_of_ours() -> None:
    holder = LockHolder("/var/lib/dpkg/lock-frontend", 4711, "apt-get upgrade")
    state = with_job("venv", "active")
    manager = replace(state.package_manager, locks=(holder,))
    assert readiness.lock_holders(replace(state, package_manager=manager)) == [
        "process 4711 (apt-get upgrade) holds /var/lib/dpkg/lock-frontend"
    ]


def waited(monkeypatch: pytest.MonkeyPatch, looks: list[HostState]) -> tuple[bool, ARun]:
    """Whether the locks came free, with a minute between two looks at the host."""
    run, now = ARun(looks[0], job_limit=300), [0.0]
    monkeypatch.setattr(readiness.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(readiness.gevent, "sleep", lambda _: now.__setitem__(0, now[0] + 60))
    monkeypatch.setattr(readiness, "host_state", lambda: looks.pop(0) if looks[1:] else looks[0])
    return run.prepared(lambda: readiness._wait(None, run.host, 600)), run


def test_step_of_an_earlier_run_that_ends_is_waited_for_and_known_to_go_on_until_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free, run = waited(monkeypatch, [with_job("driver", "active")] * 3 + [a_host.bare()])
    assert free
    assert course.of_host(run.host).jobs == {}


def test_step_of_an_earlier_run_that_does_not_end_fails_the_host(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    free, run = waited(monkeypatch, [with_job("driver", "active")])
    assert not free
    assert "driver: this step of an earlier run does not end" in caplog.text
    assert list(course.of_host(run.host).jobs) == ["gpuwright-driver.service"]

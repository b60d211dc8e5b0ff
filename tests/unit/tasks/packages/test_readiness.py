"""Who is waited for before our own work with apt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.packages import LockHolder
from facts.model.system import Job
from tasks.packages import readiness
from tests.unit.tasks import a_host


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

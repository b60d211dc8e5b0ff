"""The distribution's interpreter: installed where it is not whole, and only then."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.software import Python
from tasks.python import interpreter
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages
from tests.unit.tasks.sent import jobs, ran


def host(version: str, *packages: str) -> HostState:
    """The bare host with this interpreter and these packages."""
    state = with_packages(a_host.bare(), *(package(name, "3.11.2-1") for name in packages))
    return replace(state, pythons=(Python("/usr/bin/python3", version),))


def test_interpreter_with_its_headers_is_left_alone() -> None:
    state = host("3.11.2", "python3", "python3-dev")
    assert ran(interpreter.interpreter, state, plan=a_host.plan()).changes == []


@pytest.mark.parametrize(
    "state",
    [
        a_host.bare(),
        host("3.11.2", "python3"),
        host("3.1.1", "python3", "python3-dev"),
        host("3.12.1", "python3", "python3-dev"),
    ],
)
def test_what_is_missing_of_it_is_installed(state: HostState) -> None:
    run = ran(interpreter.interpreter, state, plan=a_host.plan())
    assert run.exit_status == 0
    install = jobs(run)["python"].splitlines()
    assert any("apt-get install" in line and "python3 python3-dev" in line for line in install)


def test_plan_without_pytorch_installs_no_interpreter() -> None:
    plan = replace(a_host.plan(), torch=None)
    assert ran(interpreter.interpreter, a_host.bare(), plan=plan).changes == []

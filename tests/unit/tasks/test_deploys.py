"""The deploys, as pyinfra prepares them on a host that is a value: what they tell their verdict."""

from __future__ import annotations

import runpy
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.model.host import HostState
from facts.model.software import Venv
from tasks.containers import engine_verdict as container_verdict
from tasks.host import needs, resolution
from tasks.layout import ENVS
from tasks.python.state import env_of
from tasks.repositories import offers
from tasks.verify import host_verdict, report
from tests.unit.tasks import a_host, a_run
from tests.unit.tasks.jetson.test_state import board

OLD = f"{ENVS}/an-earlier-one"


def with_an_earlier_environment(state: HostState) -> HostState:
    """The host has its plan's environment and one before it."""
    plan = resolution.resolved(state, {"with_native": True}).plan
    assert plan is not None
    kept = tuple(Venv(path, True, "3.11", {}) for path in (OLD, env_of(plan)))
    record = {"environments": [venv.path for venv in kept]}
    return replace(state, venvs=kept, current_venv=env_of(plan), record=record)


@pytest.mark.parametrize(
    ("deploy", "state", "module"),
    [
        ("gpu_host", a_host.done(), host_verdict),
        ("container_host", a_host.done(), container_verdict),
        ("jetson_host", board(), host_verdict),
    ],
)
def test_verdict_is_told_how_far_the_run_goes_back(
    monkeypatch: pytest.MonkeyPatch,
    lines: dict[str, report.Line],
    deploy: str,
    state: HostState,
    module: ModuleType,
) -> None:
    told: dict[str, Any] = {}
    monkeypatch.setattr(module, "report_verdict", lambda **said: told.update(said))
    monkeypatch.setattr(needs, "needed", lambda *_: False)  # no repository is asked
    monkeypatch.setattr(offers, "keyring", lambda *_: b"")
    run = a_run.ARun(
        with_an_earlier_environment(state),
        {ContainerEngines: Engines()},
        with_native=True,
        rollback=1,
    )
    run.prepared(lambda: runpy.run_path(f"deploys/{deploy}.py"))
    assert run.exit_status == 0, lines
    assert told["rollback"] == 1
    assert "Stable link" in run.changes

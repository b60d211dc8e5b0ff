"""The opening of a host for the guard alone: guarded, or refused after one look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.host import HostProbe
from facts.model.host import HostState
from tasks.host import guard_opening
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.host.test_plans import NO_SYSTEMD, as_user
from tests.unit.tasks.jetson.test_state import board

NO_ROOT = as_user(a_host.done(), sudo=False)


def test_host_with_a_driver_is_guarded_after_one_look() -> None:
    run = ARun(a_host.done())
    run.prepared(guard_opening.this_one)
    assert run.changes == ["Kernel guard and policy"]
    assert (run.asked, run.exit_status, run.wire.commands) == ([HostProbe], 0, [])


@pytest.mark.parametrize(
    ("state", "data", "codes"),
    [
        (a_host.bare(), {}, "DRIVER-INCOMPLETE"),
        (NO_ROOT, {}, "NO-ROOT"),
        (replace(a_host.done(), system=NO_SYSTEMD.system), {}, "NO-SYSTEMD"),
        (replace(a_host.done(), jetson=board().jetson), {}, "JETSON-HOST"),
        (a_host.done(), {"kernel_policy": "Hold"}, "STACK-INVALID"),
        (a_host.done(), {"textfile_folder": "here"}, "STACK-INVALID"),
        (a_host.bare(), {"kernel_policy": 1}, "STACK-INVALID"),
    ],
)
def test_host_is_refused_after_one_look_and_before_it_is_touched(
    state: HostState, data: dict[str, Any], codes: str
) -> None:
    run = ARun(state, **data)
    run.prepared(guard_opening.this_one)
    assert (run.changes, run.exit_status) == ([f"Refused: {codes}"], 1)
    run.executed()
    assert (run.asked, run.wire.commands) == ([HostProbe], [])


def test_host_that_cannot_be_read_is_left_alone() -> None:
    run = ARun(None)
    run.prepared(guard_opening.this_one)
    assert run.state.ops[run.host] == {}


def test_user_with_sudo_works_as_root() -> None:
    run = ARun(as_user(a_host.done(), sudo=True))
    run.prepared(guard_opening.this_one)
    assert run.host.data.get("_sudo") is True


def test_refused_user_is_not_sent_through_sudo() -> None:
    run = ARun(NO_ROOT)
    run.prepared(guard_opening.this_one)
    assert run.host.data.get("_sudo") is None


@pytest.mark.parametrize(
    ("record", "deploy"), [(None, "gpu_host"), ({"containers": {}}, "container_host")]
)
def test_host_without_a_driver_is_sent_to_the_deploy_that_brings_one(
    record: dict[str, object] | None, deploy: str
) -> None:
    (conflict,) = guard_opening.conflicts(replace(a_host.bare(), record=record))
    assert conflict.remedies == (f"pyinfra INVENTORY deploys/{deploy}.py",)

"""What is said of a reboot before a run: whether, why, and who stands in its way."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.gpu_users import GpuUsers
from facts.host_users import HostUsers
from facts.model.host import HostState
from tasks.host import reboot_outlook
from tasks.hostdata.repair import Reboot
from tests.unit.tasks import a_host, a_patient, a_run

PLAN = a_host.plan()
WELL = a_patient.state()
NOUVEAU = replace(WELL, nouveau=replace(WELL.nouveau, loaded=True))
OLD = replace(WELL, driver=replace(WELL.driver, loaded="535.183.01"))


def lines(state: HostState, policy: Reboot, users: list[str], programs: list[str]) -> list[str]:
    run = a_run.ARun(state, {HostUsers: users, GpuUsers: programs})
    return run.prepared(lambda: reboot_outlook.lines(state, PLAN, policy))


@pytest.mark.parametrize(
    ("policy", "users", "said"),
    [
        ("never", [], "will end with a reboot to be made (nouveau is loaded)"),
        ("if-needed", [], "will reboot and go on (nouveau is loaded), if nobody uses the host"),
        ("if-needed", ["ann is logged in"], "makes none while it is in use: ann is logged in"),
        ("now", ["ann is logged in"], "will reboot and go on (nouveau is loaded), whoever uses"),
    ],
)
def test_reboot_is_announced_with_its_reason(policy: Reboot, users: list[str], said: str) -> None:
    (line,) = lines(NOUVEAU, policy, users, [])
    assert said in line


def test_old_module_in_use_is_a_reason_and_one_that_is_free_is_reloaded() -> None:
    (line,) = lines(OLD, "now", [], ["7 python"])
    assert "the module 535.183.01 is loaded and in use" in line
    assert lines(OLD, "now", [], []) == []


def test_nothing_is_said_where_nothing_waits_for_a_reboot() -> None:
    assert lines(WELL, "now", [], []) == []
    jailed = replace(NOUVEAU, system=replace(WELL.system, container="docker"))
    assert lines(jailed, "now", [], []) == []

"""The reboot in the middle of a run: made once, where it is needed, allowed and nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.api.host import Host

from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.host_users import HostUsers
from facts.model.host import HostState
from tasks.driver import operations as driver
from tasks.hostdata.repair import Reboot, RepairSettings
from tasks.reboot import itself, operations
from tasks.steps import course
from tests.unit.tasks import a_host, a_patient, a_run
from tests.unit.tasks.repair.test_repair_plan import NOUVEAU

PLAN = a_host.plan()
ANN = "ann is logged in (pts/0: bash)"
WELL = replace(a_patient.state(), system=replace(a_patient.state().system, boot_id="one"))
LISTED = replace(NOUVEAU["nouveau"], blacklisted_in=("/etc/modprobe.d/gpuwright.conf",))
WAITS = replace(WELL, **{**NOUVEAU, "nouveau": LISTED})
LOADED = replace(WELL, system=replace(WELL.system, boot_id="two"))
UNLOADED = replace(LOADED, driver=replace(WELL.driver, loaded=None, loaded_modules=()))
Begun = Callable[..., tuple[a_run.ARun, list[int]]]
"""The run, and the seconds that each reboot was given."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Carry the step out on a host in this state, which a reboot brings into another."""

    def of(
        state: HostState,
        policy: Reboot,
        users: list[str] | None = None,
        after: HostState = LOADED,
        problem: str = "",
    ) -> tuple[a_run.ARun, list[int]]:
        run = a_run.ARun(state, {HostEvidence: a_patient.EVIDENCE, HostUsers: users or []})
        made: list[int] = []

        def rebooted(host: Host, wait_s: int) -> str:
            made.append(wait_s)
            if not problem:
                run.answers[HostProbe] = after
                operations.invalidate(host)
            return problem

        monkeypatch.setattr(operations.reboot, "rebooted", rebooted)
        monkeypatch.setattr(operations.gevent, "sleep", lambda s: None)
        settings = RepairSettings(reboot=policy, reboot_wait_s=77)
        run.prepared(lambda: operations.rebooted(plan=PLAN, settings=settings, name="Reboot"))
        run.executed()
        return run, made

    return of


@pytest.mark.parametrize(
    ("state", "policy", "users", "reboots"),
    [
        (WAITS, "never", [], 0),
        (WAITS, "if-needed", [], 1),
        (WAITS, "if-needed", [ANN], 0),
        (WAITS, "now", [ANN], 1),
        (WELL, "now", [], 0),
    ],
    ids=["not allowed", "nobody is there", "somebody is", "even then", "not needed"],
)
def test_host_is_rebooted_where_it_is_needed_and_allowed(
    begun: Begun, state: HostState, policy: Reboot, users: list[str], reboots: int
) -> None:
    run, made = begun(state, policy, users)
    assert made == [77] * reboots
    assert run.exit_status == 0


def test_whoever_is_in_the_way_is_told_with_what_waits(
    begun: Begun, caplog: pytest.LogCaptureFixture
) -> None:
    begun(WAITS, "if-needed", [ANN])
    assert f"not rebooted (D8: nouveau holds the card): the host is in use: {ANN}" in caplog.text
    assert "--data reboot=now" in caplog.text


def test_run_goes_on_with_what_the_host_is_after_it(begun: Begun) -> None:
    run, _ = begun(WAITS, "if-needed", after=UNLOADED)
    assert any(driver.LOAD in command for command in run.wire.commands)
    run, _ = begun(WAITS, "if-needed")
    assert not any(driver.LOAD in command for command in run.wire.commands)


def test_host_that_does_not_come_back_fails_with_the_reason(begun: Begun) -> None:
    run, _ = begun(WAITS, "now", problem="not back after 77 s (no answer); look at its console")
    assert run.exit_status != 0
    assert "not back after 77 s" in course.of_host(run.host).why


def test_boot_that_a_run_made_for_the_same_is_not_followed_by_another(
    begun: Begun, caplog: pytest.LogCaptureFixture
) -> None:
    noted = replace(WAITS, record={"reboots": {"boot": "one", "causes": ["D8"]}})
    assert begun(noted, "now")[1] == []
    assert "it did not help" in caplog.text
    earlier = replace(WAITS, record={"reboots": {"boot": "zero", "causes": ["D8"]}})
    assert begun(earlier, "now")[1] == [77]


@pytest.mark.parametrize(
    ("state", "policy", "changes"),
    [(WAITS, "now", {"Reboot"}), (WELL, "now", set()), (WAITS, "never", set())],
)
def test_dry_run_says_that_a_reboot_will_come(
    state: HostState, policy: Reboot, changes: set[str]
) -> None:
    run = a_run.ARun(state)
    settings = RepairSettings(reboot=policy)
    run.prepared(lambda: operations.rebooted(plan=PLAN, settings=settings, name="Reboot"))
    assert set(run.changes) == changes


def test_machine_that_provisions_itself_asks_for_its_reboot_once_for_a_cause(
    begun: Begun, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(itself.FOLDER, str(tmp_path))
    monkeypatch.setattr(itself, "goes_on", lambda host: True)
    run, made = begun(WAITS, "if-needed")
    assert (made, run.exit_status) == ([], 1)
    causes = (tmp_path / "reboot").read_text()
    assert causes
    (tmp_path / "reboot").rename(tmp_path / "rebooted-for")
    run, made = begun(WAITS, "if-needed")
    assert (made, run.exit_status) == ([], 0)
    assert not (tmp_path / "reboot").exists()

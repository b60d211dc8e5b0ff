"""Repair the hosts of a run: each shows its plan while pyinfra prepares, then has its turn."""

from __future__ import annotations

from dataclasses import dataclass

import gevent
from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_config, ctx_host

from facts.model.host import HostState
from tasks.doctor.examination import examined
from tasks.doctor.tree import diagnose
from tasks.faults.catalog import faults
from tasks.host import opening
from tasks.hostdata.repair import repair_settings
from tasks.repair import closing, records, wording
from tasks.repair.fleet import Fleet, Limits
from tasks.repair.repair_plan import Attempt, chart
from tasks.repair.work import Repair
from tasks.steps import course, reboot, screen
from tasks.steps.step import Commands, step, this_host, this_run


@dataclass
class _Patient:
    """A host that has something to be done."""

    repair: Repair
    limits: Limits
    canary: bool


_patients: dict[str, _Patient] = {}
_fleet: list[Fleet] = []
"""The one round of this run, once it has begun."""


def this_one() -> None:
    """Show what is to be done on the host at hand, and add the operation that does it."""
    opening.opened(_shown, closing)


def _shown(host: Host, state: HostState) -> None:
    said = repair_settings(host.data)
    patient = _Patient(
        Repair(host, said.reboot, said.reboot_wait_s),
        Limits(said.batch, said.fail_share),
        said.canary,
    )
    case, complaint = examined(host)
    if case is None:
        return
    answer = diagnose(case)
    if not reboot.reached(host):
        patient.repair.tried.update(dict.fromkeys(_reboots(), reboot.AT_HAND))
    repair_plan = chart(case, answer, patient.repair.policy, patient.repair.tried)
    text = wording.plan(host.name, case, answer, repair_plan)
    also = [f"  not compared with a plan: {complaint}"] if complaint else []
    screen.say([*text.split("\n"), *also])
    line = wording.line(host.name, answer.level, [], repair_plan.left)
    closing.say(host.name, f"{line}; nothing was done" if repair_plan.acts else line)
    if repair_plan.acts:
        patient.repair.expected = frozenset(left.code for left in repair_plan.left)
        _patients[host.name] = patient
    elif answer.level in ("CRITICAL", "UNKNOWN"):
        this_run().failed_hosts.add(host)  # nothing can be done here, and `--dry` says so too
    repaired(name="Driver repair")


def _reboots() -> list[Attempt]:
    """Every reboot that a fault may ask for."""
    return [Attempt(code, "reboot") for code in faults()]


@step
def repaired() -> Commands:
    """Wait for this host's turn, and repair it; nothing where nothing can be done."""
    if this_host().name in _patients:
        yield FunctionCommand(_turn, (), {})


def _turn(state: State, host: Host) -> bool:
    if not _fleet:
        _fleet.append(_round(state))
        gevent.spawn(_fleet[0].conduct, lambda name: _one(state, name))
    result = _fleet[0].wait(host.name)
    repair = _patients[host.name].repair
    if result == "untouched":
        logger.error(f"{host.print_prefix}untouched: the round was stopped")
        why = _fleet[0].stopped or "the round was cut off"
        closing.say(host.name, f"{host.name}: untouched: {why}")
        return False
    return repair.well


def _round(state: State) -> Fleet:
    """All hosts that have something to be done and are still there, in the inventory's order."""
    active = {host.name for host in state.inventory.get_active_hosts()}
    names = [h.name for h in state.inventory if h.name in _patients and h.name in active]
    limits = _patients[names[0]].limits
    for name in names:
        limits = limits.and_(_patients[name].limits)
    return Fleet(names, limits, frozenset(n for n in names if _patients[n].canary))


def _one(state: State, name: str) -> bool:
    """Repair one host in a greenlet of its own; gives whether the round may go on without worry."""
    repair = _patients[name].repair
    course.of_host(repair.host).step = "Driver repair"
    with ctx_config.use(state.config.copy()), ctx_host.use(repair.host):
        repair.carried_out()
    course.of_host(repair.host).step = ""
    if repair.lost:
        logger.error(f"{repair.host.print_prefix}{repair.lost}")
        closing.say(name, f"{name}: UNKNOWN: {repair.lost}")
        return False
    assert repair.case is not None and repair.answer is not None
    text = wording.outcome(name, repair.case, repair.answer, repair.repair_plan, repair.done)
    screen.say([*text.split("\n"), f"  record: {records.FILE}"])
    closing.say(name, wording.line(name, repair.level, repair.done, repair.repair_plan.left))
    return repair.as_foreseen

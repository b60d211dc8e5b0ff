"""A reboot in the middle of a run, where nothing else helps and it is allowed; the run goes on."""

from __future__ import annotations

import shlex
from dataclasses import replace

import gevent
from pyinfra import logger
from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.host import Host

from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.host_users import HostUsers
from stacks.model.plan import Plan
from tasks.doctor.tree import diagnose
from tasks.driver import operations as driver
from tasks.driver import reboot_state
from tasks.driver.state import can_load
from tasks.finding import Finding
from tasks.health.case import Case
from tasks.hostdata.repair import RepairSettings
from tasks.layout import RECORD
from tasks.reboot import decision, itself
from tasks.steps import course, reboot
from tasks.steps.record import HostRecord, Reboots, read, record_script
from tasks.steps.step import Commands, executing, fact, host_state, invalidate, run, step, this_host
from tasks.verify import soundness

_RUNNING = "! systemctl is-active --quiet docker || timeout 20 docker ps --format '{{.Names}}' || :"
"""Names of Docker's containers; a daemon that sleeps is not woken."""
_AFTERWARDS = frozenset({"D17", "D24"})
"""What stands in the way of the next boot now and is mended by the steps that follow the reboot:
the persistence daemon and the Fabric Manager."""
_TOLD = 20
"""Containers that are named at most."""
_CONTAINERS_S = 60
"""Seconds in which containers that start by themselves have started, after the daemon has."""


def users() -> str:
    """Who a reboot of this host would interrupt, seen now; empty: nobody."""
    invalidate(this_host())
    seen: list[str] | None = fact(HostUsers)
    return decision.in_use(seen)


@step
def rebooted(plan: Plan, settings: RepairSettings, expected_gpus: int = 0) -> Commands:
    """Reboot once where only that is left to do and the host's data allow it, and wait.

    Then the host is seen anew, and the steps that follow do the rest. Where it is not made, the
    verdict says what waits for it.

    Args:
        plan: The host's plan.
        settings: What host data say about reboots.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
    """
    if plan.driver is None or settings.reboot == "never":
        return
    if not executing():
        if reboot_state.foreseen(host_state(), plan.driver):
            yield StringCommand(":")  # never sent: it only says that there will be a reboot
        return
    state = host_state()
    evidence: Evidence | None = fact(HostEvidence, kernels=soundness.kernels_to_look_into(state))
    if evidence is None:
        return
    case = Case(state, evidence, plan, None, expected_gpus)
    answer = diagnose(case)
    found = decision.needs(case, answer)
    if not found:
        return
    host, record = this_host(), read(HostRecord, state.record)
    causes = "; ".join(f"{one.code}: {one.what}" for one in found)
    against = list(decision.against(case, answer, settings.reboot, _AFTERWARDS))
    fresh = decision.new(found, case, record.reboots or Reboots())
    if itself.goes_on(host):
        fresh = tuple(one for one in fresh if decision.key(one) not in itself.tried())
    if not fresh:
        against.append("this boot was made by an earlier run for the same, and it did not help")
    if not against and settings.reboot != "now" and (who := users()):
        against.append(f"{who}; --data reboot=now reboots even then")
    if against:
        logger.warning(f"{host.print_prefix}not rebooted ({causes}): {'; '.join(against)}")
        return
    yield FunctionCommand(_rebooted, (found, settings.reboot_wait_s), {})
    boot = host_state().system.boot_id
    if boot:
        noted = Reboots(boot=boot, causes=tuple(map(decision.key, found)))
        now = read(HostRecord, host_state().record)
        yield StringCommand(record_script(RECORD, replace(now, reboots=noted)))
    if can_load(host_state()):
        yield StringCommand(driver.LOAD)


def _rebooted(state: object, host: Host, found: tuple[Finding, ...], wait_s: int) -> bool:
    for one in found:
        logger.info(f"{host.print_prefix}reboot for {one.code}: {one.what} ({one.observed})")
    if itself.goes_on(host):
        itself.ask(map(decision.key, found))
        course.stopped(host, "this machine reboots next, and goes on after it", at="reboot")
        return False
    before = _containers(host)
    if problem := reboot.rebooted(host, wait_s):
        course.stopped(host, problem, at="reboot")
        return False
    _wait_for(host, before)
    return True


def _containers(host: Host) -> set[str]:
    good, said = run(host, _RUNNING, timeout=30)
    return set(said.split()) if good else set()


def _wait_for(host: Host, before: set[str]) -> None:
    """Wait for the containers that ran before; tell those that do not start by themselves."""
    gone = before
    for _ in range(_CONTAINERS_S // reboot.ASK_S):
        gone = before - _containers(host) if gone else gone
        if not gone:
            return
        gevent.sleep(reboot.ASK_S)
    names = shlex.join(sorted(gone)[:_TOLD])
    logger.warning(
        f"{host.print_prefix}not back after the reboot: {names}; a container comes back where it "
        f"has a restart policy: docker update --restart=unless-stopped {names} && "
        f"docker start {names}"
    )

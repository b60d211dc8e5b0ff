"""The repair of one host: act, look again, and so on until nothing is left that can be done."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.arguments import ConnectorArguments
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from facts.gpu_users import GpuUsers
from stacks.model.plan import Plan
from tasks.doctor.examination import examined
from tasks.doctor.tree import Diagnosis, diagnose
from tasks.driver import fabric_manager, nouveau, persistence, reload
from tasks.driver import operations as driver
from tasks.health.case import Case
from tasks.holds import operations as holds
from tasks.hostdata import host as host_data
from tasks.hostdata.repair import Reboot
from tasks.packages import readiness
from tasks.reboot import operations as rebooting
from tasks.repair import records, versions, wording
from tasks.repair.repair_plan import Act, Attempt, RepairPlan, chart
from tasks.repositories import components as repositories
from tasks.repositories import vendor
from tasks.steps import course, job, reboot
from tasks.steps.step import LOST, fact, invalidate, run, this_run

LOOKS = 16
"""More than any chain of faults is long: the end of a repair that goes round in a circle."""
DONE = "done"


@dataclass
class Repair:
    """One host's repair, as far as it has come."""

    host: Host
    policy: Reboot
    reboot_wait_s: int
    expected: frozenset[str] = frozenset()
    """Codes that were known from the start to be left to a person."""
    done: list[tuple[Act, str]] = field(default_factory=list)
    tried: dict[Attempt, str] = field(default_factory=dict)
    case: Case | None = None
    answer: Diagnosis | None = None
    repair_plan: RepairPlan = field(default_factory=RepairPlan)
    over: bool = False
    """Whether the repair has come to its end."""
    lost: str = ""
    """Why there is no answer about the host any more; empty where there is one."""

    @property
    def level(self) -> str:
        """The verdict now."""
        return self.answer.level if self.answer and self.over else "UNKNOWN"

    @property
    def well(self) -> bool:
        """Whether nothing but warnings is left."""
        return self.level in ("OK", "WARN")

    @property
    def as_foreseen(self) -> bool:
        """Whether nothing worse is left than what was said before to be left to a person."""
        if not self.over or self.answer is None:
            return False
        bad = {f.code for f in self.answer.findings if f.level in ("CRITICAL", "UNKNOWN")}
        return bad <= self.expected

    def carried_out(self) -> None:
        """Act until nothing is left that can be done from here, then look, prove and record."""
        try:
            self._look()
            before = self._seen
            records.note(self.host, "begun", found=self._codes())
            self._acts()
            self._held_again(before)
            self._end()
        except LOST as error:
            self.lost = str(error) or type(error).__name__
        except Exception as error:
            self.lost = course.words(error)

    def _acts(self) -> None:
        for _ in range(LOOKS):
            self.repair_plan = chart(self._seen, self._told, self.policy, self.tried)
            if not self.repair_plan.acts:
                return
            for act in self.repair_plan.first:
                self._one(act)
            self._look()

    def _one(self, act: Act) -> None:
        say(self.host, f"{', '.join(act.codes)}: {act.title}")
        result = self._how(act)
        for attempt in act.attempts:
            self.tried[attempt] = "it is still there" if result == DONE else result
        self.done.append((act, result))
        records.note(
            self.host, "act", codes=act.codes, way=act.method, title=act.title, result=result
        )
        if result != DONE:
            logger.warning(f"{self.host.print_prefix}{', '.join(act.codes)}: {result}")

    def _how(self, act: Act) -> str:
        plan = self._seen.plan
        if act.method == "wait":
            limit = host_data.lock_wait(self.host.data)
            return self._steps(readiness.lock_free, plan=plan, limit_s=limit)
        if act.method == "plan":
            assert plan is not None
            return self._towards(plan)
        if act.method == "hold":
            return self._steps(holds.held, plan=plan)
        asks = act.method == "reload" or versions.moves(self._seen, act.method)
        if asks and (users := self._users()):
            return f"refused: the GPU is in use by {users}"
        if act.method == "reboot" and self.policy != "now" and (who := rebooting.users()):
            return f"refused: {who}; --data reboot=now reboots even then"
        if act.method == "reload":
            return self._job(reload.job_of_it())
        if act.method == "reboot":
            records.note(self.host, "reboots", codes=act.codes)
            said = reboot.rebooted(self.host, self.reboot_wait_s)
            if said:
                raise PyinfraError(said)
            return DONE
        return self._job(job.Job("repair", f"{act.codes[0]}: {act.title}", act.script))

    def _towards(self, plan: Plan) -> str:
        """The driver's part of gpu_host.py, its reload apart, which has rules of its own here."""
        for step in (
            repositories.components,
            vendor.added,
            nouveau.blacklisted,
            driver.installed,
            driver.modules_built,
            driver.loaded,
            persistence.enabled,
            fabric_manager.enabled,
            holds.held,
        ):
            result = self._steps(step, plan=plan)
            if result != DONE:
                return result
        return DONE

    def _steps(self, step: Any, **arguments: Any) -> str:
        """Do what another task's step would do on this host now."""
        commands: Generator[Any, None, None] = step._inner(**arguments)
        sudo: ConnectorArguments = {"_sudo": bool(self.host.data.get("_sudo"))}
        for command in commands:
            known = StringCommand(command) if isinstance(command, str) else command
            status = known.execute(this_run(), self.host, sudo.copy())
            good = status[0] if isinstance(status, tuple) else status is not False
            if not good:
                jobs = [a for a in getattr(known, "args", ()) if isinstance(a, job.Job)]
                return self._complaint(jobs[0]) if jobs else "failed; the lines above say why"
        return DONE

    def _job(self, one: job.Job) -> str:
        if job.complete(one).execute(this_run(), self.host, {}) is not False:
            return DONE
        return self._complaint(one)

    def _complaint(self, one: job.Job) -> str:
        last = f"grep . {one.folder}/log | grep -v 'Sub-process' | tail -n 3"
        _, tail = run(self.host, last, timeout=30)
        said = " / ".join(line.strip() for line in tail.splitlines())
        return f"failed: {said or 'without a word'} (log: {one.folder}/log)"

    def _users(self) -> str:
        invalidate(self.host)
        users: list[str] | None = fact(GpuUsers)
        if users is None:
            return "programs that could not be listed"
        return ", ".join(users)

    def _look(self) -> None:
        invalidate(self.host)
        case, _ = examined(self.host)
        if case is None:
            raise PyinfraError("the host's state could not be read")
        self.case, self.answer = case, diagnose(case)

    @property
    def _seen(self) -> Case:
        assert self.case is not None
        return self.case

    @property
    def _told(self) -> Diagnosis:
        assert self.answer is not None
        return self.answer

    def _codes(self) -> list[str]:
        return [finding.code for finding in self._told.findings]

    def _held_again(self, before: Case) -> None:
        """Hold again what was held before and has lost it, and what is new in a held set."""
        state = self._seen.state
        if state.package_manager.kind != "apt" or not self.done:
            return  # versionlock's list is a file, which no transaction changes
        held = set(before.state.package_manager.holds)
        whole = {p.name for p in before.driver_packages if p.installed}
        wanted = set(held)
        if whole and whole <= held:
            wanted |= {p.name for p in self._seen.driver_packages}
        here = {name for name, package in state.packages.items() if package.installed}
        lost = sorted((wanted & here) - set(state.package_manager.holds))
        if not lost:
            return
        run(self.host, f"apt-mark hold {shlex.join(lost)} >/dev/null", timeout=60)
        say(self.host, f"held again: {', '.join(lost)}")
        self._look()

    def _end(self) -> None:
        self.repair_plan = chart(self._seen, self._told, self.policy, self.tried)
        records.note(
            self.host,
            "ended",
            verdict=self._told.level,
            left=self._codes(),
            proof=wording.proof(self._seen),
            next_boot_ready=self._told.next_boot.ready,
        )
        self.over = True


def say(host: Host, text: str) -> None:
    """A line on the screen."""
    logger.info(f"{host.print_prefix}{text}")

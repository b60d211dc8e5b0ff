"""What is to be done on one host, in which order, and what only a person can do. Pure.

How each fault is fixed is data (``repair``, ``stage`` and ``by_hand`` in
``tasks/faults/faults.yaml``). A fault has a ladder: it is tried once in each way, and what is still
there at the top is left to a person, with the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tasks.doctor.tree import Diagnosis
from tasks.faults.catalog import Method, Stage, faults
from tasks.finding import Level
from tasks.health.case import Case
from tasks.health.naming import Named
from tasks.host.which_deploy import deploy_for
from tasks.hostdata.repair import Reboot
from tasks.reboot import decision
from tasks.repair import means, obstacles, versions

STAGES: tuple[Stage, ...] = (
    "packages",
    "disk",
    "kernels",
    "loading",
    "files",
    "running",
    "services",
    "containers",
)
_UNLISTED: Mapping[str, tuple[tuple[Method, ...], Stage]] = {
    "NOT-HELD": (("hold",), "containers"),
    "FM-VERSION": (("plan",), "kernels"),
}
"""Codes of the comparison with the plan that have no row of their own among the faults."""


@dataclass(frozen=True)
class Attempt:
    """One way in which one fault was tried to be fixed."""

    code: str
    method: Method
    script: str = ""


@dataclass(frozen=True)
class Act:
    """One thing to do."""

    codes: tuple[str, ...]
    method: Method
    stage: Stage
    title: str
    script: str = ""
    """POSIX shell for a job of the host; empty where the method is not a script."""
    interrupts: str = "nothing"
    shown: str = ""
    """The command as the doctor gives it, where it is one."""

    @property
    def attempts(self) -> list[Attempt]:
        """What counts as tried afterwards."""
        return [Attempt(code, self.method, self.script) for code in self.codes]


@dataclass(frozen=True)
class ManualAction:
    """A fault that a person must fix."""

    code: str
    level: Level
    what: str
    do: str
    why: tuple[str, ...]
    """Why it is not fixed here: what was tried and how that went, what stands against the rest."""


@dataclass(frozen=True)
class RepairPlan:
    """Everything that is to be done on a host, and what is left."""

    acts: tuple[Act, ...] = ()
    left: tuple[ManualAction, ...] = ()
    reboot: Reboot = "never"

    @property
    def first(self) -> tuple[Act, ...]:
        """The acts to do before the host is looked at again: those of one stage, or a reboot."""
        now = tuple(a for a in self.acts if a.stage == self.acts[0].stage)
        return tuple(a for a in now if a.method != "reboot") or now


@dataclass
class _Ladder:
    """How far one fault has come."""

    finding: Named
    acts: list[Act] = field(default_factory=list)
    why: list[str] = field(default_factory=list)


def chart(
    case: Case,
    answer: Diagnosis,
    reboot: Reboot = "never",
    tried: Mapping[Attempt, str] | None = None,
) -> RepairPlan:
    """The acts for what the doctor has named.

    Args:
        case: The host as it was seen.
        answer: What the doctor named.
        reboot: Whether the host may be rebooted.
        tried: What this run has done already, each with how it went, in words.

    Raises:
        SchemaError: The doctor's own data cannot be read.
    """
    known = dict(tried or {})
    ladders = [_climbed(case, finding, known, ()) for finding in answer.findings]
    # What an act fixes before does not stand against a reboot.
    fixed = {step.finding.code for step in ladders if any(a.method != "reboot" for a in step.acts)}
    against = decision.against(case, answer, reboot, frozenset(fixed))
    ladders = [
        step
        if not any(a.method == "reboot" for a in step.acts) or not against
        else _climbed(case, step.finding, known, against)
        for step in ladders
    ]
    acts = _ordered([act for step in ladders for act in step.acts])
    left = tuple(_left(step, case) for step in ladders if not step.acts)
    return RepairPlan(acts, left, reboot)


def _climbed(
    case: Case, finding: Named, tried: Mapping[Attempt, str], against: tuple[str, ...]
) -> _Ladder:
    """The first method that has not been tried and that nothing stands against."""
    ladder = _Ladder(finding)
    methods, stage = _methods(finding)
    for method in methods:
        reasons = against if method == "reboot" else obstacles.obstacles_to(method, case, finding)
        if reasons:
            ladder.why += [reason for reason in reasons if reason]
            continue
        who = _who(method, case, finding)
        acts = [
            Act((finding.code,), method, stage, means.title(method, finding), script, who, shown)
            for shown, script in means.scripts(method, case, finding)
        ]
        ladder.acts = [act for act in acts if act.attempts[0] not in tried]
        if ladder.acts:
            return ladder
        ladder.why += [f"{act.title}: {tried[act.attempts[0]]}" for act in acts]
    return ladder


def _methods(finding: Named) -> tuple[tuple[Method, ...], Stage]:
    row = faults().get(finding.code)
    if row is None:
        return _UNLISTED.get(finding.code, ((), "containers"))
    if finding.key in row.by_hand:
        return (), row.stage
    return row.repair, row.stage


def _who(method: Method, case: Case, finding: Named) -> str:
    """What this method interrupts; a command alone: what its fault's row says."""
    if method == "reboot":
        return "the host"
    if method in ("reload", "release") or versions.moves(case, method):
        return finding.interrupts if "GPU" in finding.interrupts else "programs that use the GPU"
    if finding.interrupts.startswith("containers"):
        return finding.interrupts
    return "nothing"


def _ordered(acts: list[Act]) -> tuple[Act, ...]:
    """By stage; reload and reboot once for all that ask for them, in the stage ``running``."""
    single: list[Act] = []
    shared: dict[Method, Act] = {}
    for act in acts:
        if act.method not in ("wait", "plan", "hold", "release", "reload", "reboot"):
            single.append(act)
            continue
        at: Stage = "running" if act.method in ("release", "reload", "reboot") else act.stage
        known = shared.get(act.method, replace(act, codes=(), stage=at))
        shared[act.method] = replace(known, codes=(*known.codes, *act.codes))
    if "reboot" in shared:
        # It brings everything that a reload would.
        reload = shared.pop("reload", None)
        more = reload.codes if reload else ()
        shared["reboot"] = replace(shared["reboot"], codes=(*shared["reboot"].codes, *more))
    whole = [*single, *shared.values()]
    return tuple(sorted(whole, key=lambda a: (STAGES.index(a.stage), a.method == "reboot")))


def _left(ladder: _Ladder, case: Case) -> ManualAction:
    finding = ladder.finding
    row = faults().get(finding.code)
    why = ladder.why
    if row is None and not why:
        why = [f"this is not of the driver: run {deploy_for(case.state, case.plan)}"]
    do = finding.remedy + (f": {finding.command}" if finding.command else "")
    return ManualAction(finding.code, finding.level, finding.what, do, tuple(why))

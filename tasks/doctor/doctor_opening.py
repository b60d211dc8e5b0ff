"""Ask the doctor about every host of a run, print the answers, end with nagios's exit status.

pyinfra itself ends with 0 or 1 and would ask a person before «executing» nothing. So the last host
to be judged ends the run, by `SystemExit`, while pyinfra still prepares: nothing can be executed.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from facts.cuda_call import CudaCall
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.model import HostState
from facts.runtime import CudaAnswer
from stacks.load import StackError
from stacks.model.plan import Plan
from tasks.containers.engine_verdict import PART
from tasks.doctor import block
from tasks.doctor.case import Case
from tasks.doctor.tree import diagnose
from tasks.host import plans
from tasks.hostdata import host as host_data
from tasks.hostdata import names as data_names
from tasks.steps.step import ask, look, this_host, this_run
from tasks.verify import comparison
from tasks.verify.comparison import Finding, Level

_told: dict[str, tuple[Level, str, dict[str, Any]]] = {}
"""Host to level, block of text and data."""


def this_one() -> None:
    """Judge the host at hand; after the last one, print and leave.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded.

    Raises:
        SystemExit: 0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN, by the worst of all hosts.
    """
    host = this_host()
    try:
        case, complaint = examined(host)
    except PyinfraError as error:
        case, complaint = None, str(error)
    if case is None:
        _unknown(host.name, complaint or "its state could not be read")
    else:
        answer = diagnose(case)
        words = block.text(host.name, case, answer)
        if complaint:
            words += f"\n  not compared with a plan: {complaint}"
        _told[host.name] = (answer.level, words, {**block.data(case, answer), "plan": complaint})
    _leave_if_last()


def examined(host: Host) -> tuple[Case | None, str | None]:
    """What is seen of this host, and why it cannot be compared with a plan.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded.
    ``None`` where the host could not be read.
    """
    state: HostState | None = look()
    if state is None:
        return None, None
    data_names.tell(host)
    kernels = dict.fromkeys((state.kernels.running, state.kernels.next_boot))
    evidence: Evidence | None = ask(HostEvidence, kernels=tuple(k for k in kernels if k))
    if evidence is None:
        return None, None
    plan, complaint = _plan(state, host)
    expected = _expected(host)
    case = Case(state, evidence, plan, None, expected, host_data.rollback(host.data))
    if not case.loaded or "D25" in {f.code for f in diagnose(case).findings}:
        return case, complaint
    call: CudaAnswer | None = ask(CudaCall)
    return Case(state, evidence, plan, call, expected, case.rollback), complaint


def _plan(state: HostState, host: Host) -> tuple[Plan | None, str | None]:
    """The host's plan where its data or its record names a stack; else None and no complaint."""
    stack = host.data.get("stack") or (state.record or {}).get("stack")
    if not stack:
        return None, None
    try:
        named = _Named(host.data, str(stack))
        resolution = plans.resolved(state, named, containers=PART in (state.record or {}))
    except (StackError, ValueError) as error:
        return None, str(error)
    if resolution.plan is None:
        return None, "; ".join(f"{c.code}: {c.what}" for c in resolution.conflicts)
    return resolution.plan, None


class _Named:
    """Host data with a stack's name laid over it."""

    def __init__(self, data: host_data.Data, stack: str) -> None:
        self._data, self._stack = data, stack

    def get(self, key: str, default: Any = None, /) -> Any:
        return self._stack if key == "stack" else self._data.get(key, default)


def _expected(host: Host) -> int:
    try:
        return len(host_data.expected_gpus(host.data, plans.catalog()))
    except ValueError:
        return 0


def _unknown(name: str, why: str) -> None:
    _told[name] = ("UNKNOWN", f"{name}: UNKNOWN\n  {why}", {"verdict": "UNKNOWN", "why": why})


def _leave_if_last() -> None:
    run = this_run()
    if any(host.name not in _told for host in run.inventory.get_active_hosts()):
        return
    for host in run.inventory:
        if host.name not in _told and run.is_host_in_limit(host):
            _unknown(host.name, "it could not be reached")
    levels = tuple(Finding("", level, "", "", "") for level, _, _ in _told.values())
    worst = comparison.worst(levels)
    if "--json" in sys.argv:
        print(json.dumps({"verdict": worst, "hosts": {k: v for k, (_, _, v) in _told.items()}}))
    else:
        print("\n".join(words for _, words, _ in _told.values()))
    sys.stdout.flush()
    raise SystemExit(comparison.SEVERITY[worst])

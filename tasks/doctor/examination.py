"""One look at a host for the doctor: what it saw, and what its rules say."""

from __future__ import annotations

from typing import Any

from pyinfra.api.host import Host

from facts.cuda_call import SECONDS, CudaCall
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.model.host import HostState
from facts.runtime import CudaAnswer
from stacks.load import StackError, is_name
from stacks.model.plain import told
from stacks.model.plan import Plan
from tasks.doctor.tree import diagnose
from tasks.health.case import Case
from tasks.host import opening
from tasks.host import resolution as host_resolution
from tasks.host.which_deploy import has_containers
from tasks.hostdata import host as host_data
from tasks.hostdata import reading
from tasks.steps.record import HostRecord, read
from tasks.steps.step import fact


def examined(host: Host, call_s: int = SECONDS) -> tuple[Case | None, str | None]:
    """What is seen of this host, and why it cannot be compared with a plan.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded.
    ``None`` where the host could not be read.

    Args:
        host: The host.
        call_s: Seconds that the CUDA call may take.
    """
    state = opening.seen(host)
    if state is None:
        return None, None
    kernels = dict.fromkeys((state.kernels.running, state.kernels.next_boot))
    evidence: Evidence | None = fact(HostEvidence, kernels=tuple(k for k in kernels if k))
    if evidence is None:
        return None, None
    plan, complaint = _plan(state, host)
    expected = _expected(host)
    case = Case(state, evidence, plan, None, expected, host_data.rollback(host.data))
    if not case.loaded or "D25" in {f.code for f in diagnose(case).findings}:
        return case, complaint
    limit = {} if call_s == SECONDS else {"seconds": call_s}  # one look serves all who ask alike
    call: CudaAnswer | None = fact(CudaCall, **limit)
    return Case(state, evidence, plan, call, expected, case.rollback), complaint


def _plan(state: HostState, host: Host) -> tuple[Plan | None, str | None]:
    """The host's plan where its data or its record names a stack; else None and no complaint."""
    said, noted = host.data.get("stack"), read(HostRecord, state.record).stack
    if not said and not noted:
        return None, None
    if not said and not is_name(noted):  # the path of a file of this machine, say
        return None, f"the host's record names the stack {told(noted)}, and no stack is called so"
    try:
        named = host.data if said else _Named(host.data, str(noted))
        resolution = host_resolution.resolved(state, named, containers=has_containers(state))
    except (StackError, ValueError) as error:
        return None, str(error)
    if resolution.plan is None:
        return None, "; ".join(f"{c.code}: {c.what}" for c in resolution.conflicts)
    return resolution.plan, None


class _Named:
    """Host data with a stack's name laid over it."""

    def __init__(self, data: reading.Data, stack: str) -> None:
        self._data, self._stack = data, stack

    def get(self, key: str, default: Any = None, /) -> Any:
        return self._stack if key == "stack" else self._data.get(key, default)


def _expected(host: Host) -> int:
    try:
        return len(host_data.expected_gpus(host.data, host_resolution.catalog()))
    except ValueError:
        return 0

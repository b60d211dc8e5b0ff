"""One look at a host for the doctor: what it saw, and what its rules say."""

from __future__ import annotations

from pyinfra.api.host import Host

from facts.cuda_call import SECONDS, CudaCall
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.runtime import CudaAnswer
from tasks.doctor.tree import diagnose
from tasks.health.case import Case
from tasks.host import opening
from tasks.host import resolution as host_resolution
from tasks.host.named_plan import plan_of
from tasks.hostdata import host as host_data
from tasks.steps.step import fact


def examined(
    host: Host, call_s: int = SECONDS, call: bool = True
) -> tuple[Case | None, str | None]:
    """What is seen of this host, and why it cannot be compared with a plan.

    Three round trips at most: the probe, the second look, and a CUDA call where a driver is loaded
    and ``call`` asks for it. ``None`` where the host could not be read.

    Args:
        host: The host.
        call_s: Seconds that the CUDA call may take.
        call: Whether one is made.
    """
    state = opening.seen(host)
    if state is None:
        return None, None
    kernels = dict.fromkeys((state.kernels.running, state.kernels.next_boot))
    evidence: Evidence | None = fact(HostEvidence, kernels=tuple(k for k in kernels if k))
    if evidence is None:
        return None, None
    plan, complaint = plan_of(state, host.data)
    expected = _expected(host)
    case = Case(state, evidence, plan, None, expected, host_data.rollback(host.data))
    if not call or not case.loaded or "D25" in {f.code for f in diagnose(case).findings}:
        return case, complaint
    limit = {} if call_s == SECONDS else {"seconds": call_s}  # one look serves all who ask alike
    answer: CudaAnswer | None = fact(CudaCall, **limit)
    return Case(state, evidence, plan, answer, expected, case.rollback), complaint


def _expected(host: Host) -> int:
    try:
        return len(host_data.expected_gpus(host.data, host_resolution.catalog()))
    except ValueError:
        return 0

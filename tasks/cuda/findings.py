"""Is the system's CUDA as planned? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.cuda import state as cuda_state
from tasks.deploy import again
from tasks.finding import Finding


def toolkit(state: HostState, plan: Plan) -> list[Finding]:
    """Whether the toolkit is not there as planned."""
    if plan.cuda is None or cuda_state.complete(state, plan.cuda):
        return []
    return [
        Finding(
            "CUDA-INCOMPLETE",
            "CRITICAL",
            f"CUDA {plan.cuda.version} is not there as planned",
            "toolkits: " + (", ".join(f"{t.version} at {t.path}" for t in state.cuda) or "none"),
            again(plan),
        )
    ]


def cudnn(state: HostState, plan: Plan) -> list[Finding]:
    """Whether cuDNN is not there as planned."""
    if plan.cudnn is None or cuda_state.cudnn_complete(state, plan.cudnn):
        return []
    return [
        Finding(
            "CUDNN-INCOMPLETE",
            "CRITICAL",
            f"cuDNN {plan.cudnn.version} is not there as planned",
            "found: " + (", ".join(f"{c.version} at {c.path}" for c in state.cudnn) or "none"),
            again(plan),
        )
    ]

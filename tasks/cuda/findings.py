"""Is the system's CUDA as planned? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.cuda import state as cuda_state
from tasks.deploy import again
from tasks.finding import Finding


def toolkits(state: HostState, plan: Plan) -> list[Finding]:
    """What of the system's CUDA and cuDNN is not as planned."""
    found = []
    if plan.cuda is not None and not cuda_state.complete(state, plan.cuda):
        found.append(
            Finding(
                "CUDA-INCOMPLETE",
                "CRITICAL",
                f"CUDA {plan.cuda.version} is not there as planned",
                "toolkits: "
                + (", ".join(f"{t.version} at {t.path}" for t in state.cuda) or "none"),
                again(plan),
            )
        )
    if plan.cudnn is not None and not cuda_state.cudnn_complete(state, plan.cudnn):
        found.append(
            Finding(
                "CUDNN-INCOMPLETE",
                "CRITICAL",
                f"cuDNN {plan.cudnn.version} is not there as planned",
                "found: " + (", ".join(f"{c.version} at {c.path}" for c in state.cudnn) or "none"),
                again(plan),
            )
        )
    return found

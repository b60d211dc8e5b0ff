"""What a run is going to do to a host, in words, before it does anything. Pure.

pyinfra names the steps that will change something. This says what they will bring: versions, and
the kernels that get a module, some of which come only with this run.
"""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.verify.parts import parts


def lines(state: HostState, plan: Plan) -> list[str]:
    """One sentence per part that is not there yet; none where everything is."""
    return [said for part in parts(state, plan) for said in part.to_come]

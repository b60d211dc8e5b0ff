"""What the plan says of each component, and whether the host has it so. Pure.

The judgement is the rooms' own (`missing_packages`, `complete` …): here their answers only get the
name of the row that they belong to.
"""

from __future__ import annotations

from collections.abc import Iterator

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.containers import engine_state
from tasks.cuda import state as cuda_state
from tasks.driver import state as driver_state
from tasks.holds import findings as holds
from tasks.holds import sets
from tasks.python import state as python_state

Planned = tuple[str, str, bool]
"""Component, what is planned, and whether it is there so."""


def planned(state: HostState, plan: Plan) -> Iterator[Planned]:
    """A row per component that the plan has.

    Args:
        state: What the probe saw.
        plan: What should be.
    """
    if driver := plan.driver:
        text = f"{driver.version} {driver.flavour} from {driver.origin}"
        missing = driver_state.missing_packages(state, driver)
        yield "driver", _with(text, missing), not missing
    if plan.driver or plan.cuda or plan.containers or plan.jetson:
        names = [p.name for p in sets.held_set(state, plan)]
        yield "holds", "; ".join(names) or "none yet", not holds.held(state, plan)
    if cuda := plan.cuda:
        there = cuda_state.complete(state, cuda)
        yield "CUDA", f"{cuda.version} from {cuda.origin} in {cuda.prefix}", there
    if cudnn := plan.cudnn:
        there = cuda_state.cudnn_complete(state, cudnn)
        yield "cuDNN", f"{cudnn.version} in {cudnn.prefix}", there
    if torch := plan.torch:
        text = f"{torch.version} {torch.variant}, Python {torch.python}"
        yield "PyTorch", text, python_state.complete(state, plan)
    if containers := plan.containers:
        engines = containers.engines
        text = "; ".join(f"{e.engine} {e.version} from {e.origin}" for e in engines)
        missing = [name for engine in engines for name in engine_state.missing(state, engine)]
        yield "engines", _with(text, missing), not missing
        missing = engine_state.missing(state, containers.toolkit)
        toolkit = containers.toolkit.version
        yield "NVIDIA Container Toolkit", _with(toolkit, missing), not missing


def _with(text: str, missing: list[str]) -> str:
    """What is planned, and what of it is not there."""
    more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
    return f"{text}; missing: {', '.join(missing[:6])}{more}" if missing else text

"""What a run is going to do to a host, in words, before it does anything. Pure.

pyinfra names the steps that will change something. This says what they will bring: versions, and
the kernels that get a module, some of which come only with this run.
"""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.cuda import state as cuda_state
from tasks.driver import state as driver_state
from tasks.jetson import state as jetson_state
from tasks.python import state as python_state
from tasks.python.state import env_of


def lines(state: HostState, plan: Plan) -> list[str]:
    """One sentence per part that is not there yet; none where everything is."""
    return [*_driver(state, plan), *_system(state, plan), *_torch(state, plan)]


def _driver(state: HostState, plan: Plan) -> list[str]:
    if plan.driver is None:
        return []
    said = []
    if driver_state.missing_packages(state, plan.driver):
        what = f"{plan.driver.version} ({plan.driver.flavour}, from {plan.driver.origin})"
        said.append(f"will install driver {what}")
    kernels = driver_state.unserved_kernels(state, plan)
    if kernels:
        said.append(f"will build a module for {', '.join(kernels)}")
    return said


def _system(state: HostState, plan: Plan) -> list[str]:
    said = []
    if plan.cuda and not cuda_state.complete(state, plan.cuda):
        compiler = f", nvcc with {plan.cuda.host_compiler}" if plan.cuda.host_compiler else ""
        said.append(f"will install CUDA {plan.cuda.version} from {plan.cuda.origin}{compiler}")
    if plan.cudnn and not cuda_state.cudnn_complete(state, plan.cudnn):
        said.append(f"will install cuDNN {plan.cudnn.version} from {plan.cudnn.origin}")
    return said


def _torch(state: HostState, plan: Plan) -> list[str]:
    if plan.torch is None:
        return []
    lacking = jetson_state.missing_needs(state, plan.torch)
    said = [f"will install {', '.join(lacking)} for torch"] if lacking else []
    if python_state.complete(state, plan):
        return said
    torch = f"torch {plan.torch.version}+{plan.torch.variant}"
    return [*said, f"will build {env_of(plan)} with {torch}"]

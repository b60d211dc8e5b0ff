"""Which deploy brings a host to its plan: remedies name it. Pure.

A plan is of one deploy: that for Jetsons plans no driver, and only that for container hosts plans
containers. So a remedy names the deploy that was run, and the doctor names the one to run.
"""

from __future__ import annotations

from stacks.model.plan import Plan

GPU_HOST = "deploys/gpu_host.py"
CONTAINER_HOST = "deploys/container_host.py"
JETSON_HOST = "deploys/jetson_host.py"
KERNEL_GUARD = "deploys/kernel_guard.py"


def deploy_of(plan: Plan) -> str:
    """The deploy whose plan this is, as a path in the checkout: ``deploys/gpu_host.py``."""
    if plan.jetson is not None:
        return JETSON_HOST
    return GPU_HOST if plan.containers is None else CONTAINER_HOST


def again(plan: Plan) -> str:
    """What a remedy says where another run of the plan's deploy fixes it."""
    return f"run {deploy_of(plan)} again"

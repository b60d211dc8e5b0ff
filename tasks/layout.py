"""Where our things lie on a host."""

from __future__ import annotations

from stacks.model.plan import Plan

ROOT = "/opt/gpuwright"
ENVS = f"{ROOT}/envs"
CURRENT = f"{ROOT}/current"
"""The stable link: ``/opt/gpuwright/current/bin/python`` has the stack's torch."""
CACHE = "/var/cache/gpuwright/uv"
RECORD = "/var/lib/gpuwright/state.json"
CUDNN = f"{ROOT}/cudnn-8"
ENVIRONMENT = f"{ROOT}/etc/cuda.sh"


def env_of(plan: Plan) -> str:
    """The folder of this plan's environment: a new lock gives a new folder."""
    assert plan.torch is not None
    return f"{ENVS}/{plan.stack}-{plan.torch.env_digest}"

"""Jetsons: which deploy is theirs, Jetson Linux held, and what torch needs beside JetPack.

On a Jetson the driver, its libraries and the kernel are packages of Jetson Linux (nvidia-l4t-*).
Nothing here installs or removes one of them.
"""

from __future__ import annotations

import shlex

from pyinfra.api import StringCommand

from stacks.model.plan import Plan
from tasks.holds import sets
from tasks.jetson.state import boot_chain, missing_needs
from tasks.packages import manager as packages
from tasks.packages.transaction import Installation
from tasks.steps import files, job
from tasks.steps.step import Commands, host_state, step

PINS = "/etc/apt/preferences.d/gpuwright-jetson-linux"


@step
def held(plan: Plan) -> Commands:
    """Hold Jetson Linux and pin it to the version that is there, before anything is installed."""
    state = host_state()
    chain = boot_chain(state, plan)
    free = [p.name for p in chain if p.name not in state.package_manager.holds]
    content = sets.pins_text(chain)
    if not chain or not (free or files.differs(state, PINS, content)):
        return
    script = files.write_script(PINS, content)
    yield StringCommand(f"{script} && apt-mark hold {shlex.join(p.name for p in chain)} >/dev/null")


@step
def libraries(plan: Plan) -> Commands:
    """Install what the plan's torch needs beside JetPack's own CUDA and cuDNN."""
    state = host_state()
    if plan.torch is None or not missing_needs(state, plan.torch):
        return
    manager = packages.manager_for(state)
    names = [
        manager.named(name, version) if version else name
        for name, version in sorted(plan.torch.needs.items())
    ]
    script = manager.refresh_if_stale() + "\n" + manager.install(Installation(names))
    yield job.complete(
        job.Job("jetson-libraries", "libraries that torch needs", script, manager.progress())
    )

"""containerd without Docker: NVIDIA's runtime and CDI in its settings."""

from __future__ import annotations

from pyinfra.api import StringCommand

from stacks.model.plan import Plan
from tasks.containers import look
from tasks.containers.engine_state import CONFIG, DROP_IN, containerd_of, knows_runtime
from tasks.hostdata.containers import ContainerSettings
from tasks.steps import before
from tasks.steps.step import Commands, step
from tasks.templates import render


@step
def configured(plan: Plan, settings: ContainerSettings) -> Commands:
    """Let ``nvidia-ctk`` add its runtime, which it does byte by byte the same each time.

    Docker's package of containerd switches off what Kubernetes asks (CRI), in a file of version 1:
    beside that, what ``nvidia-ctk`` 1.20.0 writes is read by nobody (seen with containerd 1.7.24).
    Who asks for containerd by name wants that part, so the package's file, where nobody has
    changed it, makes room.

    Containers go on while containerd restarts: each has a process of its own beside it.
    """
    engine = containerd_of(plan)
    if engine is None or knows_runtime(look.engines(settings)):
        return
    written = before.written_script(CONFIG, DROP_IN)
    yield StringCommand(
        render("containerd_settings.sh.j2", config=CONFIG, cdi=engine.cdi, noted=written)
    )

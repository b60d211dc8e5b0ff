"""containerd without Docker: NVIDIA's runtime and CDI in its settings."""

from __future__ import annotations

from pyinfra.api import StringCommand

from facts.engine_model import Engines
from stacks.model.containers import EnginePlan
from stacks.model.plan import Plan
from tasks.containers import look as sight
from tasks.containers.daemon_json import RUNTIME
from tasks.hostdata.containers import ContainerWish
from tasks.steps.step import Commands, step
from tasks.templates import render

CONFIG = "/etc/containerd/config.toml"
DROP_IN = "/etc/containerd/conf.d/99-nvidia.toml"
"""Where ``nvidia-ctk`` writes it; ``imports`` of ``config.toml`` leads there."""


def containerd_of(plan: Plan) -> EnginePlan | None:
    """containerd, where the plan has it as an engine of its own."""
    engines = plan.containers.engines if plan.containers else ()
    return next((engine for engine in engines if engine.engine == "containerd"), None)


def knows_runtime(seen: Engines) -> bool:
    """Whether containerd reads a drop-in that names NVIDIA's runtime."""
    imported = "/etc/containerd/conf.d/" in (seen.containerd or "")
    return imported and RUNTIME in seen.files.get(DROP_IN, "")


@step
def configured(plan: Plan, wish: ContainerWish) -> Commands:
    """Let ``nvidia-ctk`` add its runtime, which it does byte by byte the same each time.

    Docker's package of containerd switches off what Kubernetes asks (CRI), in a file of version 1:
    beside that, what ``nvidia-ctk`` 1.20.0 writes is read by nobody (seen with containerd 1.7.24).
    Who asks for containerd by name wants that part, so the package's file, where nobody has
    changed it, makes room.

    Containers go on while containerd restarts: each has a process of its own beside it.
    """
    engine = containerd_of(plan)
    if engine is None or knows_runtime(sight.engines(wish)):
        return
    yield StringCommand(render("containerd_settings.sh.j2", config=CONFIG, cdi=engine.cdi))

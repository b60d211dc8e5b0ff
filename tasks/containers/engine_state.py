"""What of engines and toolkit is on the host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.containers import EnginePlan
from stacks.model.plan import Plan
from tasks.containers.daemon_json import LENIENT_SINCE, RUNTIME
from tasks.packages.installed import lacking, upstream

DOCKER_MARK = "/opt/gpuwright/etc/docker-restart-due"
"""Lies on the host while Docker must restart: it looks for some things at its start only."""


HOOK = "/usr/bin/nvidia-container-runtime-hook"
"""Docker offers ``--gpus`` only if it found this when it started (moby, ``nvidia_linux.go``)."""


class Part(Protocol):
    """An engine or the toolkit of a plan."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Names."""

    @property
    def held(self) -> tuple[str, ...]:
        """Shell patterns of names that move only together."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Package to exact version or pattern; others come as the archive has them."""


def parts(plan: Plan) -> tuple[Part, ...]:
    """The toolkit and the engines; none where no containers are planned."""
    return (plan.containers.toolkit, *plan.containers.engines) if plan.containers else ()


def to_come(state: HostState, plan: Plan) -> list[str]:
    """Packages that are not there as planned."""
    return [name for part in parts(plan) for name in missing(state, part)]


def missing(state: HostState, part: Part) -> list[str]:
    """Packages of one part that are not there as planned."""
    return lacking(state, part.packages, part.versions)


def strict_docker(state: HostState, planned: str = "") -> str:
    """The version of a Docker that refuses a byte order mark and an empty file; empty: none is so.

    The one that is there counts, else the one that the plan brings.
    """
    packages = (state.packages.get(name) for name in ("docker-ce", "docker.io"))
    there = next((p for p in packages if p is not None and p.installed), None)
    version = upstream(there.version) if there else planned
    series = version.split(".")[0]
    old = series.isascii() and series.isdigit() and len(series) < 3 and int(series) < LENIENT_SINCE
    return version if old else ""


CONFIG = "/etc/containerd/config.toml"
DROP_IN = "/etc/containerd/conf.d/99-nvidia.toml"
"""Where ``nvidia-ctk`` writes it; ``imports`` of ``config.toml`` leads there."""


def containerd_of(plan: Plan) -> EnginePlan | None:
    """containerd, where the plan has it as an engine of its own."""
    engines = plan.containers.engines if plan.containers else ()
    return next((engine for engine in engines if engine.engine == "containerd"), None)


def knows_runtime(engines_state: Engines) -> bool:
    """Whether containerd reads a drop-in that names NVIDIA's runtime."""
    imported = "/etc/containerd/conf.d/" in (engines_state.containerd or "")
    return imported and RUNTIME in engines_state.files.get(DROP_IN, "")

"""A plan for containers on the bare host, and its engines as they answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.engine_model import Docker, Engine, Engines, Running
from stacks.model.containers import ContainerPlan, EnginePlan, ToolkitPlan
from stacks.model.plan import Plan
from tests.unit.tasks import a_host

TOOLKIT = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
DOCKER = EnginePlan(
    *("docker", "distribution", "20.10.24", ("docker.io",), ("docker.io", "runc")),
    excludes=("docker-ce", "docker-ce-cli", "containerd.io"),
)
DOCKERS_OWN = EnginePlan(
    *("docker", "docker", "29.8.1", ("docker-ce", "docker-ce-cli"), ("docker-ce",)),
    excludes=("docker.io", "docker-cli", "containerd", "runc"),
)


def plan(*engines: EnginePlan, **more: Any) -> Plan:
    """Docker of the distribution without CDI, unless something else is said."""
    toolkit = ToolkitPlan("1.20.0", TOOLKIT, TOOLKIT, dict.fromkeys(TOOLKIT, "1.20.0-1"))
    said: dict[str, Any] = {"injection": "runtime", "ask": ("--runtime=nvidia",)}
    containers = ContainerPlan(engines or (DOCKER,), toolkit, **{**said, **more})
    whole = a_host.plan()
    return replace(whole, cuda=None, cudnn=None, torch=None, containers=containers)


def engines(daemon_json: str | None = None, **more: Any) -> Engines:
    """Docker is here and runs, with these settings."""
    engine = Engine(docker="/usr/bin/docker", daemon_json=daemon_json)
    return replace(Engines(engine=engine, docker=docker()), **more)


def docker(*running: Running, **more: Any) -> Docker:
    """Debian 12's daemon."""
    whole = Docker(
        "20.10.24+dfsg1", "/var/lib/docker", "overlay2", "systemd", False, ("runc",), False
    )
    return replace(whole, running=running, **more)

"""A dozen hosts with their host data, from the probes' real answers, and their plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import Plan, Resolution
from tasks.host import resolution
from tests.unit.facts import golden_hosts
from tests.unit.tasks import a_host
from tests.unit.tasks.jetson.test_state import board

H100 = golden_hosts.state("debian-12-managed-h100.txt")
ROCKY = golden_hosts.state("rocky-9-managed-h100.txt")
UBUNTU = replace(a_host.bare(), system=replace(a_host.bare().system, os="ubuntu-22.04"))
MIRROR = "https://mirror.example.org"


@dataclass(frozen=True)
class Situation:
    """A host as it was seen, and what its data say."""

    state: HostState
    data: dict[str, Any] = field(default_factory=dict)
    containers: bool = False

    @property
    def resolution(self) -> Resolution:
        """Its plan, or its conflicts."""
        return resolution.resolved(self.state, self.data, containers=self.containers)


DOCKERS_OWN: dict[str, Any] = {
    "docker_origin": "docker",
    "docker_users": ["ana"],
    "docker_registry_mirrors": [MIRROR],
    "docker_proxy": "http://proxy.example.org:3128",
    "docker_no_proxy": ["localhost", "10.0.0.0/8"],
    "docker_default_runtime": "nvidia",
}
MIRRORS: dict[str, Any] = {
    "mirrors": {
        "nvidia": f"{MIRROR}/cuda/repos/",
        "pypi": f"{MIRROR}/simple",
        "pytorch": f"{MIRROR}/whl",
        "toolkit": f"{MIRROR}/toolkit/",
        "redist": f"{MIRROR}/redist/",
    }
}
OWN = {"driver_origin": "debian"}
"""Debian's own driver, by name."""
SITUATIONS: Mapping[str, Situation] = {
    "debian-12": Situation(a_host.bare(), OWN),
    "debian-12-unasked": Situation(a_host.bare()),
    "debian-12-done": Situation(a_host.done()),
    "debian-12-managed": Situation(H100),
    "debian-12-nvidia": Situation(a_host.bare(), {"driver_origin": "nvidia", **MIRRORS}),
    "debian-12-redist": Situation(
        a_host.bare(),
        {"cuda_origin": "redist", "cuda_purpose": "compile", "cudnn_origin": "redist", **OWN},
    ),
    "debian-12-older-stack": Situation(a_host.bare(), {"stack": "pytorch-2.7-cu118", **OWN}),
    "debian-12-without-cuda": Situation(a_host.bare(), {"without": ["cuda"], **OWN}),
    "debian-12-containers": Situation(a_host.bare(), OWN, True),
    "debian-12-docker-ce": Situation(a_host.bare(), {**DOCKERS_OWN, **MIRRORS}, True),
    "debian-12-podman": Situation(
        H100, {"container_engines": ["podman", "containerd"], "with_native": True}, True
    ),
    "debian-13-kepler": Situation(golden_hosts.state("debian-13-t4-2xk80.txt")),
    "ubuntu-22.04": Situation(UBUNTU),
    "ubuntu-22.04-containers": Situation(UBUNTU, {"docker_rootless": "ana"}, True),
    "rocky-9": Situation(ROCKY),
    "rocky-9-containers": Situation(ROCKY, {}, True),
    "jetson-torch": Situation(board(), {"stack": "jetson-torch-2.9"}),
    "jetson-both": Situation(board(), {"stack": "pytorch-2.9"}),
}


def installed(state: HostState, plan: Plan) -> HostState:
    """The host with every package of the plan in its version."""
    containers = plan.containers
    parts: list[Any] = [part for part in (plan.driver, plan.cuda, plan.cudnn) if part]
    parts += [*containers.engines, containers.toolkit] if containers else []
    packages = (
        Package(name, part.versions.get(name, "1.0-1").replace("*", "1"), "ii", "NVIDIA")
        for part in parts
        for name in part.packages
    )
    return a_host.with_packages(state, *packages)

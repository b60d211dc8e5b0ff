"""How the containers of a host get its GPUs: by CDI, or by NVIDIA's runtime."""

from __future__ import annotations

from stacks.model.change import Change, Way
from stacks.model.containers import (
    CDI_ASK,
    OLD_SPEC,
    ContainerRequest,
    Engine,
    EnginePlan,
    Injection,
    ToolkitPlan,
)
from stacks.rules import engines as engine_rules
from stacks.rules import others
from stacks.rules.case import Case, numbers

RUNTIME_ASK = ("--runtime=nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=all")


def injection(
    case: Case, request: ContainerRequest, engines: dict[Engine, EnginePlan]
) -> Injection | None:
    """How Docker's containers get GPUs; ``None`` after CDI-DOCKER."""
    docker = engines.get("docker")
    if docker is None:
        return "cdi"
    reads = case.catalog.containers.cdi.rows["docker"].reads
    if request.injection == "cdi" and not docker.cdi:
        case.conflict(
            "CDI-DOCKER",
            f"Docker {docker.version} cannot give GPUs to a container by CDI.",
            f"CDI is asked for (`container_injection: cdi`), and Docker reads CDI specs from "
            f"{reads} on.",
            *(
                [
                    Way(
                        "Take a newer Docker from its own repository: {how}.",
                        Change.of(docker_origin="docker"),
                    )
                ]
                if docker.origin == "distribution" and engine_rules.docker_s_serves(case)
                else [others.omitted(f"Take a Docker of {reads} or later", "docker_version")]
            ),
            others.omitted("Let the runtime `nvidia` give the GPUs", "container_injection"),
        )
        return None
    if request.injection:
        return request.injection
    if docker.cdi:
        return "cdi"
    case.notice(
        "DOCKER-NO-CDI",
        f"Docker {docker.version} knows no CDI: its containers get GPUs by the runtime `nvidia`.",
        "A container that is started with `--gpus` goes through the toolkit's old hook, which "
        "changes the cgroup behind systemd's back: `systemctl daemon-reload` takes its GPUs away. "
        "The runtime `nvidia` writes the devices into the container's own configuration; with the "
        "links below /dev/char that the deploy makes, without which runc 1.1.3 to 1.1.6 does not "
        "tell systemd of them, they stay.",
        Way(
            f"Start containers with `docker run {' '.join(RUNTIME_ASK)} …`, or take a newer "
            "Docker: {how}.",
            Change.of(docker_origin="docker"),
        ),
    )
    return "runtime"


def features(
    case: Case, engines: dict[Engine, EnginePlan], injection: Injection
) -> dict[str, bool]:
    """``features`` that daemon.json must have, for a Docker that reads CDI only when told to."""
    docker = engines.get("docker")
    if docker is None or injection != "cdi":
        return {}
    by_itself = numbers(case.catalog.containers.cdi.rows["docker"].default)
    return {} if numbers(docker.version) >= by_itself else {"cdi": True}


def cdi_flags(case: Case, toolkit: ToolkitPlan, engines: list[EnginePlan]) -> tuple[str, ...]:
    """Keep the spec's format below 0.7.0 where an engine of the host does not read that one."""
    facts = case.catalog.containers
    if numbers(toolkit.version) < numbers(facts.toolkit.cdi_070):
        return ()
    old = any(
        numbers(found.version) < numbers(facts.cdi.rows[found.engine].spec_070) for found in engines
    )
    return (OLD_SPEC,) if old else ()


def ask(case: Case, engines: dict[Engine, EnginePlan], injection: Injection) -> tuple[str, ...]:
    """Words of ``docker run`` by which a container gets all GPUs."""
    if injection == "runtime":
        return RUNTIME_ASK
    docker, gpus = engines.get("docker"), case.catalog.containers.cdi.rows["docker"].gpus
    if docker and gpus and numbers(docker.version) >= numbers(gpus):
        return ("--gpus", "all")
    return CDI_ASK

"""A container host: its engines, NVIDIA's toolkit, and how containers get their GPUs."""

from __future__ import annotations

import re

from stacks.catalog.distributions import Distribution
from stacks.model.change import Change, Way
from stacks.model.containers import ContainerPlan, ContainerRequest, ToolkitPlan
from stacks.model.plan import Repository
from stacks.rules import container_repositories, others
from stacks.rules import engines as engine_rules
from stacks.rules import injection as injection_rules
from stacks.rules.case import Case, numbers


def plan(case: Case, dist: Distribution) -> tuple[ContainerPlan, tuple[Repository, ...]] | None:
    """The container part of the plan and the repositories it needs.

    ``None``: not asked for, or a conflict was added.
    """
    request = case.stack.containers
    if request is None:
        return None
    before = len(case.conflicts)
    toolkit = _toolkit(case, dist, request)
    engines = [
        found
        for engine in engine_rules.wanted(request)
        if (found := engine_rules.plan(case, dist, request, engine))
    ]
    if len(case.conflicts) > before:
        return None
    assert toolkit is not None
    by_name = {found.engine: found for found in engines}
    injection = injection_rules.injection(case, request, by_name)
    if injection is None:
        return None
    made = ContainerPlan(
        engines=tuple(engines),
        toolkit=toolkit,
        injection=injection,
        features=injection_rules.features(case, by_name, injection),
        cdi_flags=injection_rules.cdi_flags(case, toolkit, engines),
        ask=injection_rules.ask(case, by_name, injection),
    )
    _explain(case, dist, made)
    return made, container_repositories.planned(case, dist, made)


def _toolkit(case: Case, dist: Distribution, request: ContainerRequest) -> ToolkitPlan | None:
    facts = case.catalog.containers.toolkit
    there = case.profile.toolkit or ""
    # One that is there and newer does not go back unasked.
    version = request.toolkit_version or max(facts.version, there, key=numbers)
    whole = re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version) is not None
    if not whole or numbers(version) < numbers(facts.oldest):
        case.conflict(
            "TOOLKIT-VERSION",
            f"NVIDIA Container Toolkit {version} cannot be planned.",
            f"From {facts.oldest} on it keeps its CDI specs fresh by itself "
            "(nvidia-cdi-refresh) and puts devices into the container's own configuration, so "
            "that `systemctl daemon-reload` does not take them away; versions are written "
            f"{facts.version}.",
            others.omitted(
                f"Take {facts.version}, what this release was tried with", "toolkit_version"
            ),
            Way(
                f"Ask for {facts.oldest} or later: {{how}}.",
                Change.of(toolkit_version=facts.newest),
            ),
        )
        return None
    release = facts.release.format(version=version)
    return ToolkitPlan(
        version=version,
        packages=facts.packages,
        held=facts.held,
        versions=dict.fromkeys(facts.packages, release),
    )


def refuse_jetson(case: Case) -> None:
    """JETSON-CONTAINERS, where a Jetson is asked to be a container host."""
    if case.stack.containers is None:
        return
    case.conflict(
        "JETSON-CONTAINERS",
        "A Jetson is not made a container host.",
        "JetPack brings a container toolkit of its own (`nvidia-container`), which mounts the "
        "libraries of Jetson Linux into a container; the toolkit that is planned for servers does "
        "not fit it, and images for servers do not run on it.",
        "Install JetPack's own: `sudo apt-get install nvidia-container`, and start containers with "
        "`docker run --runtime nvidia …`, from images that are made for this JetPack.",
        "Run PyTorch without a container: `pyinfra INVENTORY deploys/jetson_host.py`.",
    )


def _explain(case: Case, dist: Distribution, made: ContainerPlan) -> None:
    facts = case.catalog.containers
    request = case.stack.containers
    assert request is not None
    archive = facts.archives.get(case.profile.os)
    for found in made.engines:
        own = found.origin == "docker"
        source = facts.docker_ce.cite if own or archive is None else archive.cite
        if found.engine != "podman" and request.docker_origin:
            why = "this origin is asked for"
        elif found.engine != "podman" and case.profile.docker:
            why = "it is on the host already, and stays with its origin"
        elif own:
            why = f"the archive of {dist.name} has none, or not this version"
        else:
            why = "the distribution's own, maintained by the distribution"
        where = "Docker's repository" if own else f"the archive of {dist.name}"
        case.reason("containers", f"{found.engine} {found.version} from {where}", why, source)
    case.reason(
        "containers",
        f"NVIDIA Container Toolkit {made.toolkit.version}",
        "its four packages move together or not at all: out of step they have broken GPU "
        "containers (nvidia-container-toolkit issue 1091)",
        facts.toolkit.cite,
    )
    way = "by CDI" if made.injection == "cdi" else "by the runtime `nvidia`"
    how = (
        f"{way}: the devices are in the container's own configuration, and links below /dev/char "
        "let every runc tell systemd of them, so that `systemctl daemon-reload` takes none away"
    )
    words = " ".join(made.ask)
    flags = f"; specs are kept below format 0.7.0 ({made.cdi_flags[0]})" if made.cdi_flags else ""
    case.reason(
        "containers",
        f"`{words}` gives all GPUs",
        how + flags,
        f"{facts.cdi.cite}; opencontainers/runc issue 3671",
    )

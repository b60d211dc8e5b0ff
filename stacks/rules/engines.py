"""Container engines: which of them, from where, in which version."""

from __future__ import annotations

import re

from stacks.catalog.containers import Archived
from stacks.catalog.distributions import Distribution
from stacks.model.change import Change, Way
from stacks.model.containers import ContainerRequest, Engine, EngineOrigin, EnginePlan
from stacks.rules import elsewhere, others
from stacks.rules.case import Case, numbers

_DOCKER = Change.of(container_engines=("docker",))
_PODMAN = Change.of(container_engines=("podman",))
_DOCKERS_OWN = Way(
    "Take it from Docker's own repository: {how}.", Change.of(docker_origin="docker")
)


def _with_it(case: Case, engine: Engine) -> list[Way]:
    """Other distributions whose archive has the engine; none of this one's kin is said to have it
    that has not.
    """
    able = [key for key in elsewhere.with_engine(case.catalog, engine) if key != case.profile.os]
    text = f"Use a distribution whose archive has it ({elsewhere.listed(able)}), such as {{how}}."
    return [Way(text, Change.to(os=key)) for key in able[:1]]


def wanted(request: ContainerRequest) -> tuple[Engine, ...]:
    """The engines that are asked for; Docker where none is named."""
    return tuple(dict.fromkeys(request.engines)) or ("docker",)


def plan(
    case: Case, dist: Distribution, request: ContainerRequest, engine: Engine
) -> EnginePlan | None:
    """One engine of the plan, or ``None`` after a conflict."""
    archive = case.catalog.containers.archives.get(case.profile.os)
    offer = archive.offer(engine) if archive else None
    if engine == "podman":
        return _podman(case, dist, offer)
    origin = _origin(case, dist, request, engine, offer)
    if origin is None:
        return None
    if origin == "distribution":
        if offer is None:
            return _not_in_archive(case, dist, request, engine)
        if engine == "docker" and request.docker_version not in (None, offer.version):
            return _other_version(case, dist, request, offer)
        return _made(case, engine, origin, offer)
    return _docker_s_own(case, dist, request, engine)


def _origin(
    case: Case,
    dist: Distribution,
    request: ContainerRequest,
    engine: Engine,
    offer: Archived | None,
) -> EngineOrigin | None:
    """The archive, or Docker's own repository where the archive will not do.

    An engine that is there already stays with its origin.
    """
    if request.docker_origin:
        return request.docker_origin
    there = case.profile.docker
    if there is not None and there.origin in ("distribution", "docker"):
        return "docker" if there.origin == "docker" else "distribution"
    follows = offer
    if engine == "containerd" and "docker" in wanted(request):
        # Docker and containerd come from one source: containerd.io and containerd exclude
        # each other.
        archive = case.catalog.containers.archives.get(case.profile.os)
        follows = archive.docker if archive else None
    if follows is None:
        return "docker" if docker_s_serves(case) else "distribution"
    if request.docker_version in (None, follows.version) or engine != "docker":
        both = "docker" in wanted(request) and request.docker_version
        if engine == "containerd" and both and request.docker_version != follows.version:
            return "docker"
        return "distribution"
    return "docker" if docker_s_serves(case) else "distribution"


def docker_s_serves(case: Case) -> bool:
    """Whether Docker's own repository has this distribution."""
    return case.profile.os in case.catalog.containers.docker_ce.distributions


def _podman(case: Case, dist: Distribution, offer: Archived | None) -> EnginePlan | None:
    if offer is None:
        case.conflict(
            "ENGINE-NONE",
            f"The archive of {dist.name} has no podman.",
            "The catalogue knows no other origin of podman.",
            Way("Take Docker: {how}.", _DOCKER),
        )
        return None
    reads = case.catalog.containers.cdi.rows["podman"].reads
    if numbers(offer.version) < numbers(reads):
        case.conflict(
            "CDI-PODMAN",
            f"The podman of {dist.name} cannot give GPUs to a container.",
            f"It is {offer.version}; podman reads CDI specs from {reads} on, and the toolkit has "
            "nothing else for it.",
            Way("Take Docker: {how}.", _DOCKER),
            f"Use a distribution with podman {reads} or later: "
            f"{elsewhere.with_podman(case.catalog, reads)}.",
        )
        return None
    return _made(case, "podman", "distribution", offer)


def _not_in_archive(
    case: Case, dist: Distribution, request: ContainerRequest, engine: Engine
) -> EnginePlan | None:
    serves = docker_s_serves(case)
    case.conflict(
        "ENGINE-NONE",
        f"The archive of {dist.name} has no {engine}.",
        f"Asked: {engine} from {request.docker_origin or 'anywhere'}. Docker's own repository "
        + ("has it." if serves else "is not known for this distribution either."),
        *([_DOCKERS_OWN] if serves else []),
        *(
            [Way("Take podman, which the archive has: {how}.", _PODMAN)]
            if (archive := case.catalog.containers.archives.get(case.profile.os)) and archive.podman
            else []
        ),
        *_with_it(case, engine),
    )
    return None


def _other_version(
    case: Case, dist: Distribution, request: ContainerRequest, offer: Archived
) -> EnginePlan | None:
    serves = docker_s_serves(case)
    case.conflict(
        "DOCKER-VERSION",
        f"Docker {request.docker_version} is not in the archive of {dist.name}.",
        f"An archive has one version; the catalogue has seen {offer.version} there.",
        others.omitted("Take the archive's", "docker_version"),
        *([_DOCKERS_OWN] if serves else []),
    )  # fmt: skip
    return None


def _docker_s_own(
    case: Case, dist: Distribution, request: ContainerRequest, engine: Engine
) -> EnginePlan | None:
    facts = case.catalog.containers.docker_ce
    if not docker_s_serves(case):
        case.conflict(
            "ENGINE-NONE",
            f"Docker's own repository is not known for {dist.name}.",
            f"It is for {', '.join(facts.distributions)}.",
            Way("Take the distribution's: {how}.", Change.of(docker_origin="distribution")),
            *_with_it(case, engine),
        )
        return None
    if engine == "containerd":
        return _made(case, "containerd", "docker", facts.containerd)
    version = request.docker_version or facts.version
    if not re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version):
        case.conflict(
            "DOCKER-VERSION",
            f'"{version}" is no whole version of Docker.',
            f"Docker's repository is asked for one exact version, such as {facts.version}.",
            Way("Write it in full: {how}.", Change.of(docker_version=facts.version)),
            f"Omit the request: {facts.version} is planned then.",
        )
        return None
    there = case.profile.docker
    if there and there.origin == "docker" and not request.docker_version:
        version = max(version, there.version, key=numbers)  # what is there does not go back
    release = facts.releases[dist.family].format(version=version)
    return EnginePlan(
        engine="docker",
        origin="docker",
        version=version,
        packages=(*facts.packages, *facts.needed[dist.family]),
        held=facts.held,
        versions=dict.fromkeys(facts.pinned, release),
        excludes=facts.excludes,
        cdi=reads_cdi(case, "docker", version),
    )


def _made(case: Case, engine: Engine, origin: EngineOrigin, offer: Archived) -> EnginePlan:
    version = offer.version
    there, request = case.profile.docker, case.stack.containers
    asked = request is not None and request.docker_version is not None
    if engine == "docker" and there and there.origin == origin == "distribution" and not asked:
        version = there.version  # an archive moves, and the installed one is what is configured
    return EnginePlan(
        engine=engine,
        origin=origin,
        version=version,
        packages=offer.packages,
        held=offer.held,
        excludes=case.catalog.containers.docker_ce.held if engine == "docker" else (),
        cdi=reads_cdi(case, engine, version),
        compose=offer.compose,
    )


def reads_cdi(case: Case, engine: Engine, version: str) -> bool:
    """Whether this version of an engine reads CDI specs."""
    return numbers(version) >= numbers(case.catalog.containers.cdi.rows[engine].reads)

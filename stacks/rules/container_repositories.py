"""The repositories of a container host: NVIDIA's container toolkit, and Docker's own."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution
from stacks.model.containers import ContainerPlan
from stacks.model.plan import Repository
from stacks.rules.case import Case

_APT = {"x86_64": "amd64", "aarch64": "arm64"}


def planned(case: Case, dist: Distribution, made: ContainerPlan) -> tuple[Repository, ...]:
    """What the plan takes from elsewhere than the distribution's archive.

    Host data can name mirrors in the makers' layouts by their base (``mirrors: {toolkit: …,
    docker: …}``) and the fingerprints that are trusted there instead of the catalogue's.
    """
    found = [_toolkit(case, dist, made)]
    own = [engine for engine in made.engines if engine.origin == "docker"]
    if own:
        names = {name for engine in own for name in (*engine.packages, *engine.held)}
        names -= {*case.catalog.containers.docker_ce.needed[dist.family]}
        found.append(_docker(case, dist, tuple(sorted(names))))
    for repository in found:
        case.reason(
            "repository",
            repository.address,
            f"trusted by the key {', '.join(repository.fingerprints)} only, and only for the "
            "packages of this plan",
            case.catalog.containers.toolkit.cite
            if repository.source == "toolkit"
            else case.catalog.containers.docker_ce.cite,
        )
    return tuple(found)


def _toolkit(case: Case, dist: Distribution, made: ContainerPlan) -> Repository:
    facts = case.catalog.containers.toolkit
    arch = _arch(case, dist)
    folder = facts.indexes[dist.family].format(arch=arch)
    return Repository(
        name="nvidia-container-toolkit",
        kind=dist.family,
        address=_base(case, "toolkit", facts.base) + folder,
        key=_up(folder) + facts.key,
        fingerprints=_trusted(case, "toolkit", facts.fingerprint),
        packages=made.toolkit.packages,
        label=facts.label,
        source="toolkit",
        signed=facts.signed[dist.family],
    )


def _docker(case: Case, dist: Distribution, packages: tuple[str, ...]) -> Repository:
    facts = case.catalog.containers.docker_ce
    place = facts.distributions[case.profile.os]
    arch = _arch(case, dist)
    apt = dist.family == "apt"
    below = "" if apt else f"{place.suite}/{arch}/{facts.component}/"
    return Repository(
        name="docker-ce",
        kind=dist.family,
        address=f"{_base(case, 'docker', facts.base)}{place.folder}/{below}",
        key=_up(below) + facts.key,
        fingerprints=_trusted(case, "docker", facts.fingerprints[dist.family]),
        packages=packages,
        label=facts.label,
        suite=place.suite if apt else "",
        component=facts.component if apt else "",
        arch=arch if apt else "",
        source="docker",
        signed=facts.signed[dist.family],
    )


def _base(case: Case, kind: str, default: str) -> str:
    return case.profile.indexes.get(kind, default).rstrip("/") + "/"


def _trusted(case: Case, kind: str, default: str) -> tuple[str, ...]:
    return case.profile.fingerprints.get(kind) or (default,)


def _arch(case: Case, dist: Distribution) -> str:
    return _APT[case.profile.arch] if dist.family == "apt" else case.profile.arch


def _up(folder: str) -> str:
    return "../" * folder.count("/")

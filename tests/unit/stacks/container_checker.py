"""A second opinion on the container part of plans, written apart from the resolver.

It reads the catalogue's YAML itself, as `checker` does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from packaging.version import Version

from stacks.model.containers import ContainerPlan, EnginePlan
from stacks.model.host import HostProfile
from stacks.model.plan import Plan, Repository
from stacks.model.requests import Stack

FACTS = yaml.load(
    (Path(__file__).parents[3] / "stacks" / "catalog" / "containers.yaml").read_text(),
    # Not every build of PyYAML has libyaml, which takes a tenth of the time.
    getattr(yaml, "CSafeLoader", yaml.SafeLoader),
)
CDI = FACTS["cdi"]["rows"]


def faults(plan: Plan, stack: Stack, profile: HostProfile) -> list[str]:
    """Every constraint on containers that the plan breaks, in words."""
    made, request = plan.containers, stack.containers
    if made is None or request is None:
        strange = [r for r in plan.repositories if r.source != "nvidia"]
        return ["a repository of a container host without containers"] if strange else []
    found = []
    if tuple(e.engine for e in made.engines) != (
        tuple(dict.fromkeys(request.engines)) or ("docker",)
    ):
        found.append("other engines than asked")
    if profile.jetson_l4t is not None:
        found.append("containers on a Jetson")
    default = max(Version(FACTS["toolkit"]["version"]), Version(profile.toolkit or "0"))
    if made.toolkit.version != (request.toolkit_version or str(default)):
        found.append("another toolkit than asked")
    if Version(made.toolkit.version) < Version(FACTS["toolkit"]["oldest"]):
        found.append("a toolkit without fresh specs")
    if set(made.toolkit.versions.values()) != {f"{made.toolkit.version}-1"} or len(
        made.toolkit.versions
    ) != len(made.toolkit.packages):
        found.append("packages of the toolkit that may move apart")
    for engine in made.engines:
        found += _engine(engine, request, profile)
    return found + _gpus(made, request) + _repositories(plan, made, profile)


def _engine(engine: EnginePlan, request: Any, profile: HostProfile) -> list[str]:
    found = []
    archive = FACTS["archives"].get(profile.os, {}).get(engine.engine)
    if engine.origin == "distribution" and archive is None:
        return [f"{engine.engine} from an archive that has none"]
    if engine.engine == "docker":
        if request.docker_origin not in (None, engine.origin):
            found.append("the request for Docker's origin is not followed")
        if request.docker_version not in (None, engine.version):
            found.append("the request for Docker's version is not followed")
        if engine.origin == "docker" and not all(
            engine.version in engine.versions.get(p, "") for p in ("docker-ce", "docker-ce-cli")
        ):
            found.append("Docker's own packages in any version")
    if engine.engine == "podman" and not engine.cdi:
        found.append("a podman without CDI")
    if engine.cdi != (Version(engine.version) >= Version(CDI[engine.engine]["reads"])):
        found.append("what is said of CDI is wrong")
    return found


def _gpus(made: ContainerPlan, request: Any) -> list[str]:
    found = []
    by_name = {engine.engine: Version(engine.version) for engine in made.engines}
    docker = by_name.get("docker")
    if request.injection not in (None, made.injection) and docker is not None:
        found.append("the request for CDI is not followed")
    if docker is not None and made.injection == "cdi":
        if docker < Version("25"):
            found.append("CDI for a Docker that does not know it")
        if (docker < Version("28.2")) != (dict(made.features) == {"cdi": True}):
            found.append("the switch for CDI is where it should not be, or the other way round")
        if (docker >= Version("29.2")) != (made.ask == ("--gpus", "all")):
            found.append("`--gpus` where it does not mean CDI, or the other way round")
    if made.injection == "runtime" and (made.features or "--runtime=nvidia" not in made.ask):
        found.append("the runtime is not asked for")
    old = any(v < Version(CDI[name]["spec_070"]) for name, v in by_name.items())
    flagged = old and Version(made.toolkit.version) >= Version("1.19")
    if bool(made.cdi_flags) != flagged:
        found.append("a spec that an engine does not read, or flags without need")
    return found


def _repositories(plan: Plan, made: ContainerPlan, profile: HostProfile) -> list[str]:
    found = []
    own = any(engine.origin == "docker" for engine in made.engines)
    sources = {r.source: r for r in plan.repositories}
    if set(sources) - {"nvidia"} != {"toolkit", *(("docker",) if own else ())}:
        return ["other repositories than packages"]
    for kind in ("toolkit", *(("docker",) if own else ())):
        found += _repository(sources[kind], kind, profile)
    if not set(made.toolkit.packages) <= set(sources["toolkit"].packages):
        found.append("the toolkit may not be taken")
    return found


def _repository(source: Repository, kind: str, profile: HostProfile) -> list[str]:
    found = []
    row = FACTS["toolkit" if kind == "toolkit" else "docker_ce"]
    known = {row["fingerprint"]} if "fingerprint" in row else set(row["fingerprints"].values())
    if not set(source.fingerprints) <= set(profile.fingerprints.get(kind) or known):
        found.append("a key that nobody pinned")
    base = profile.indexes.get(kind, row["base"]).rstrip("/") + "/"
    if not source.address.startswith(base) or not source.key_address.startswith(base):
        found.append("an address beside the mirror")
    end = "/gpg" if kind == "docker" else "/gpgkey"
    if ".." in urlsplit(source.key_address).path or not source.key_address.endswith(end):
        found.append("a key that lies elsewhere")
    return found

"""Which packages go and which stay, and why. Pure.

What a transaction of ours brought goes, dependencies and all: never what else the package manager
thinks that nobody needs. It stays where it was there before, where somebody has asked for it since,
and where a package that stays needs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from facts.removal_model import Installed, Traces
from stacks.catalog.read import load_catalog
from tasks.containers.rootless_state import HELPERS
from tasks.hostdata.removal import RemovalSettings

_KERNEL = re.compile(r"linux-image|linux-modules-(?!nvidia)|kernel(-uek)?(-core|-modules.*)?[. ]")
_ENGINES_BESIDE = frozenset({"podman", "moby-engine", "rootlesskit", *HELPERS})


@dataclass(frozen=True)
class PackageSet:
    """What becomes of packages."""

    goes: tuple[Installed, ...] = ()
    stays: tuple[tuple[str, str], ...] = ()
    """Name, and why it stays although we brought it."""
    marked_auto: tuple[str, ...] = ()
    """Names that we have asked for and that were there as dependencies before."""
    moved: tuple[str, ...] = ()
    """``name version`` of packages of before that stay at the version that they came to."""
    lost: tuple[str, ...] = ()
    """``name version`` of packages of before that transactions of ours have replaced."""
    unknown: bool = False
    """Whether an earlier release brought packages and noted none."""
    engine_stays: bool = False


def chosen(traces: Traces, settings: RemovalSettings) -> PackageSet:
    """What becomes of the packages of this host."""
    before, brought = traces.before, traces.brought
    there = {one.name: one for one in traces.installed}
    theirs: Mapping[str, str] = before.packages if before else {}
    ours = [there[name] for name in brought.packages if name in there and name not in theirs]
    ours = [one for one in ours if not (before and one.name in before.settings)]
    asked = traces.manual - brought.manual - (before.manual if before else frozenset())
    engines = frozenset() if settings.engine else engine_names()
    stays: dict[str, str] = {}
    for one in ours:
        if one.essential:
            stays[one.name] = "the system needs it"
        elif _KERNEL.match(f"{one.plain} "):
            stays[one.name] = "it is a kernel, and may be the only one that boots"
        elif asked & {one.name, one.plain}:
            stays[one.name] = "somebody has asked for it since"
        elif bare(one) in engines:
            stays[one.name] = "it is the container engine (--data also=engine takes it too)"
    stays |= {name: f"{who} needs it" for name, who in traces.needed.items() if name not in stays}
    roots = {one.name for one in ours if bare(one) in engines}
    stays = _with_needs(traces.installed, {one.name for one in ours}, stays, roots)
    noted = traces.before is not None and traces.before.whole
    return PackageSet(
        goes=tuple(sorted((o for o in ours if o.name not in stays), key=lambda one: one.name)),
        stays=tuple(sorted((o.name, stays[o.name]) for o in ours if o.name in stays)),
        marked_auto=_marked(traces, theirs) if noted else (),
        moved=tuple(line for line in brought.moved if _is_still(line, theirs, there)),
        lost=tuple(
            f"{name} {version}"
            for name, version in theirs.items()
            if name not in there and any(line.split(" ")[0] == name for line in brought.gone)
        ),
        unknown=not noted,
        engine_stays=any(bare(one) in engines and one.name in stays for one in ours),
    )


def engine_names() -> frozenset[str]:
    """Packages of container engines, and what of the distribution comes beside them."""
    docker = load_catalog().containers.docker_ce
    beside = {name for names in docker.needed.values() for name in names}
    return _ENGINES_BESIDE | beside | {*docker.held, *docker.excludes}


def bare(one: Installed) -> str:
    """The name of a package without its architecture, dpkg's or rpm's."""
    return re.sub(r"\.(x86_64|aarch64|noarch|i686)$", "", one.plain.split(" ")[0])


def _marked(traces: Traces, theirs: Mapping[str, str]) -> tuple[str, ...]:
    """Packages of before that became manual by our asking for them, and are so still."""
    before = traces.before
    if before is None or not before.manual:
        return ()
    names = {name.partition(":")[0] for name in theirs}
    marked = (traces.brought.manual & traces.manual) - before.manual
    return tuple(sorted(name for name in marked if name.partition(":")[0] in names))


def _is_still(line: str, theirs: Mapping[str, str], there: Mapping[str, Installed]) -> bool:
    name, _, version = line.partition(" ")
    return name in theirs and name in there and there[name].version == version.strip()


def _with_needs(
    installed: Iterable[Installed], ours: set[str], stays: Mapping[str, str], engine: set[str]
) -> dict[str, str]:
    """What stays, with all that it needs, to the end of the chain; ``engine`` is told as one."""
    found, here = dict(stays), [one for one in installed if one.status[1:2] == "i"]
    providers: dict[str, list[str]] = {}
    for one in here:
        for name in (one.plain, *_names(one.provides, ",")):
            providers.setdefault(name, []).append(one.name)
    waiting = [one for one in here if one.name not in ours or one.name in found]
    by_name = {one.name: one for one in here}
    while waiting:
        one = waiting.pop()
        for group in one.depends.split(","):
            able = [p for name in _names(group, "|") for p in providers.get(name, ())]
            # Of what stays anyway one is enough; else the first that dpkg lists is the one in use.
            if not able or any(p not in ours or p in found for p in able):
                continue
            found[able[0]] = f"{one.plain} needs it"
            if one.name in engine:
                engine = engine | {able[0]}
                found[able[0]] = "the container engine needs it"
            waiting.append(by_name[able[0]])
    return found


def _names(relations: str, mark: str) -> list[str]:
    """Names in dpkg's relations: ``libc6 (>= 2.34), a:any | b``."""
    words = (part.split("(")[0].strip().partition(":")[0] for part in relations.split(mark))
    return [word for word in words if word]

"""Which packages are held together, and the files that say so. Pure."""

from __future__ import annotations

import fnmatch
import functools
import re
import shlex
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import Plan
from tasks.driver import package_set
from tasks.packages import versionlock
from tasks.packages.installed import lacking
from tasks.steps import files

UNATTENDED = "/etc/apt/apt.conf.d/52gpuwright-unattended-upgrades"


PINS = "/etc/apt/preferences.d/gpuwright"


PRIORITY = 1001
"""Above NVIDIA's own pinning packages, which let every version of a branch in with 1000."""


class Part(Protocol):
    """A part of a plan that is held as a whole."""

    @property
    def held(self) -> tuple[str, ...]:
        """Shell patterns of names."""


class Packaged(Part, Protocol):
    """A part that names its packages."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Names."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Name to exact version or pattern."""


@dataclass(frozen=True)
class Group:
    """What is held by the same files."""

    pins: str
    unattended: str
    block: str
    """Name of its block in dnf's list of locks."""


NATIVE = Group(PINS, UNATTENDED, versionlock.SET)


CONTAINERS = Group(f"{PINS}-containers", f"{UNATTENDED}-containers", "gpuwright containers")


GROUPS = (NATIVE, CONTAINERS)


def packaged(plan: Plan, group: Group) -> tuple[Packaged, ...]:
    """Parts of this group whose packages are named."""
    if group == CONTAINERS:
        return (*plan.containers.engines, plan.containers.toolkit) if plan.containers else ()
    return tuple(part for part in (plan.driver, plan.cuda, plan.cudnn) if part)


def patterns(plan: Plan, group: Group = NATIVE) -> tuple[str, ...]:
    """Shell patterns of all names that belong to the group's set."""
    parts: tuple[Part, ...] = packaged(plan, group)
    if group == NATIVE and plan.jetson:
        parts = (*parts, plan.jetson)
    return tuple(sorted({p for part in parts for p in part.held}))


def held_set(state: HostState, plan: Plan, group: Group | None = None) -> list[Package]:
    """Installed packages of the set, by name; of one group, or of all."""
    groups = GROUPS if group is None else (group,)
    belongs = _any_of(tuple(pattern for one in groups for pattern in patterns(plan, one)))
    return sorted(
        (p for p in state.packages.values() if p.installed and belongs.match(p.name)),
        key=lambda p: p.name,
    )


@functools.lru_cache(maxsize=64)
def _any_of(globs: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for all of them: a set has hundreds of names, and a host thousands of packages.

    Without any, nothing belongs.
    """
    return re.compile("|".join(fnmatch.translate(glob) for glob in globs) or "(?!)")


def unattended_text(plan: Plan, group: Group = NATIVE) -> str:
    """The drop-in that keeps a group's set out of unattended-upgrades."""
    return blacklist_text(patterns(plan, group))


def blacklist_text(names: Sequence[str]) -> str:
    """The drop-in. Its entries are Python regular expressions that match from the start.

    Args:
        names: Shell patterns of package names.
    """
    entries = [
        "^" + re.escape(g).replace(r"\*", ".*").replace(r"\?", ".").replace(r"\-", "-") + "$"
        for g in names
    ]
    lines = "".join(f'    "{e}";\n' for e in entries)
    header = files.HEADER.replace("#", "//", 1)
    return header + "Unattended-Upgrade::Package-Blacklist {\n" + lines + "};\n"


def to_come(state: HostState, plan: Plan, group: Group = NATIVE) -> bool:
    """Whether a package of the set is yet to come in its planned version: then it is not held."""
    return any(lacking(state, part.packages, part.versions) for part in packaged(plan, group))


def _coming(state: HostState, plan: Plan, group: Group) -> bool:
    """Whether an earlier step of this run brings a package that is then to be held."""
    return any(
        fnmatch.fnmatchcase(name, pattern)
        for part in packaged(plan, group)
        for name in lacking(state, part.packages, part.versions)
        for pattern in part.held
    )


def _planned(plan: Plan, group: Group) -> tuple[tuple[str, str], ...]:
    """The versions in which further parts of the set may come, where the plan names them."""
    if group == NATIVE:
        return package_set.plan_pins(plan)
    return tuple(pin for part in packaged(plan, group) for pin in sorted(part.versions.items()))


def _released(packages: list[Package], group: Group) -> str:
    """Shell that ends our own holds on packages that were of the set and are no more.

    Ours are those that the pins of an earlier run name.
    """
    now = shlex.quote(" ".join(["", *(p.name for p in packages), ""]))
    pinned = f"sed -n 's/^Package: //p' {group.pins} 2>/dev/null | tr ' ' '\\n' | grep -v '[*?]'"
    return "\n".join(
        [
            f"for name in $({pinned}); do",
            f'  case {now} in *" $name "*) continue ;; esac',
            '  apt-mark unhold "$name" >/dev/null 2>&1 || :',
            "done",
        ]
    )


def pins_text(packages: list[Package], planned: tuple[tuple[str, str], ...] = ()) -> str:
    """Apt preferences: each package at its version, before every archive and every other pin.

    Args:
        packages: What is installed of the set.
        planned: Patterns of names and the version in which a further part of the set may come.
    """
    by_version: dict[str, list[str]] = defaultdict(list)
    for package in packages:
        by_version[package.version].append(package.name)
    stanzas = [
        f"Package: {' '.join(sorted(names))}\nPin: version {version}\nPin-Priority: {PRIORITY}\n"
        for version, names in sorted(by_version.items())
    ]
    stanzas += [
        f"Package: {names}\nPin: version {version}\nPin-Priority: {PRIORITY}\n"
        for names, version in planned
        if names not in {p.name for p in packages}
    ]
    return files.HEADER + "\n" + "\n".join(stanzas)

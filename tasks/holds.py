"""The driver and the toolkit move only when we move them, and always as a whole.

A hold alone is not enough: unattended-upgrades and a changed dependency have moved parts of a held
driver (lyulyul/shine-cluster issue 50), and a pinned metapackage does not pin its parts
(dstackai/dstack pull request 2355). So every package of the set is held, pinned to its version,
and kept out of unattended-upgrades. On the Red Hat family dnf's versionlock does all three.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
from collections import defaultdict
from collections.abc import Sequence

from pyinfra.api import StringCommand

from facts.model import HostState, Package
from stacks.model import Plan
from tasks import driver_set, files, job, versionlock
from tasks.installed import lacking
from tasks.step import Commands, look, step

UNATTENDED = "/etc/apt/apt.conf.d/52gpuwright-unattended-upgrades"
PINS = "/etc/apt/preferences.d/gpuwright"
PRIORITY = 1001
"""Above NVIDIA's own pinning packages, which let every version of a branch in with 1000."""


def patterns(plan: Plan) -> tuple[str, ...]:
    """Shell patterns of all names that belong to the set."""
    parts = (plan.driver, plan.cuda, plan.cudnn, plan.jetson)
    return tuple(sorted({p for part in parts if part for p in part.held}))


def held_set(state: HostState, plan: Plan) -> list[Package]:
    """Installed packages of the set, by name."""
    globs = patterns(plan)
    return sorted(
        (
            p
            for p in state.packages.values()
            if p.installed and any(fnmatch.fnmatchcase(p.name, g) for g in globs)
        ),
        key=lambda p: p.name,
    )


@step
def kept_from_unattended_upgrades(plan: Plan) -> Commands:
    """Blacklist the set for unattended-upgrades, also where that is not installed yet."""
    if not patterns(plan) or look().package_manager.kind == "dnf":
        return  # dnf-automatic asks versionlock, as dnf itself does
    content = unattended_text(plan)
    if not files.differs(look(), UNATTENDED, content):
        return
    yield files.write(UNATTENDED, content)


def unattended_text(plan: Plan) -> str:
    """The drop-in that keeps the set out of unattended-upgrades."""
    return blacklist_text(patterns(plan))


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


def to_come(state: HostState, plan: Plan) -> bool:
    """Whether a package of the set is yet to come in its planned version: then it is not held."""
    parts = (plan.driver, plan.cuda, plan.cudnn)
    return any(lacking(state, part.packages, part.versions) for part in parts if part)


@step
def held(plan: Plan) -> Commands:
    """Hold every package of the set and pin it to the version that is there."""
    state = look()
    if not patterns(plan):
        return
    packages = held_set(state, plan)
    if state.package_manager.kind == "dnf":
        if to_come(state, plan) or not versionlock.right(state, packages):
            yield job.complete(job.Job("lock", "version lock", versionlock.script(state, packages)))
        return
    content = pins_text(packages, driver_set.plan_pins(plan))
    missing = [p.name for p in packages if p.name not in state.package_manager.holds]
    if packages and not missing and not files.differs(state, PINS, content):
        return
    script = f"{_released(packages)}\n{files.write_script(PINS, content)}"
    if missing:
        script += f" && apt-mark hold {shlex.join(missing)} >/dev/null"
    yield StringCommand(script)


def _released(packages: list[Package]) -> str:
    """Shell that ends our own holds on packages that were of the set and are no more.

    Ours are those that the pins of an earlier run name.
    """
    now = shlex.quote(" ".join(["", *(p.name for p in packages), ""]))
    pinned = f"sed -n 's/^Package: //p' {PINS} 2>/dev/null | tr ' ' '\\n' | grep -v '[*?]'"
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

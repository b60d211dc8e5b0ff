"""The policy ``hold``: no upgrade moves the kernel, its headers or the packages that bring them.

On apt each package is held, pinned to its version and kept out of unattended-upgrades, on dnf it is
locked, as `tasks.holds` does with the driver's set and for the same reasons. Which holds are ours
is in a list of its own: what others held before stays held when the policy changes. Pure.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.catalog.read import load_catalog
from tasks.holds import sets
from tasks.packages import versionlock
from tasks.steps import files

LIST = "/opt/gpuwright/etc/kernel-holds"
"""Names of the packages that we hold and nobody held before."""
PINS = "/etc/apt/preferences.d/gpuwright-kernel"
UNATTENDED = "/etc/apt/apt.conf.d/53gpuwright-kernel"


def packages(state: HostState) -> list[Package]:
    """Installed packages of the kernel, each under its plain name; on dnf one per version."""
    known = load_catalog().kernels.get(state.package_manager.kind)
    if known is None:
        return []
    there = [_plain(p) for p in state.packages.values() if p.installed]
    names = set(known.of(p.name for p in there))
    return sorted((p for p in there if p.name in names), key=lambda p: (p.name, p.version))


def _plain(package: Package) -> Package:
    """The probe lists a second kernel's packages as ``kernel-core-5.14.0-1.el9.x86_64``."""
    version = re.escape(package.version.split(":")[-1])
    return replace(package, name=re.sub(rf"-{version}\.\w+$", "", package.name))


def loose(state: HostState) -> list[str]:
    """Names of kernel packages that an upgrade could move."""
    held = set(state.package_manager.holds)
    return sorted({p.name for p in packages(state)} - held)


def right(state: HostState) -> bool:
    """Whether all of the kernel is held."""
    if loose(state) or LIST not in state.managed_files:
        return False
    if state.package_manager.kind == "dnf":
        return True
    return not any(files.differs(state, path, text) for path, text in _texts(state))


def ours(state: HostState) -> bool:
    """Whether holds of ours are there."""
    return any(path in state.managed_files for path in (LIST, PINS, UNATTENDED))


def _texts(state: HostState) -> list[tuple[str, str]]:
    found = packages(state)
    names = sorted({p.name for p in found})
    return [(PINS, sets.pins_text(found)), (UNATTENDED, sets.blacklist_text(names))]


def script(state: HostState) -> str:
    """Shell that holds the kernel."""
    found = packages(state)
    mark = f"mkdir -p {LIST.rpartition('/')[0]}; touch {LIST}"
    if state.package_manager.kind == "dnf":
        lock = versionlock.script(state, found, versionlock.KERNEL)
        return f"{mark}\n{lock}" if found else mark
    names = shlex.join(sorted({p.name for p in found}))
    return "\n".join(
        [
            mark,
            "held=$(apt-mark showhold)",
            f"for name in {names}; do",
            '    ! printf "%s\\n" "$held" | grep -qxF "$name" || continue',
            # The name first: a hold that nobody has written down would stay for ever.
            f'    grep -qxF "$name" {LIST} || echo "$name" >>{LIST}',
            '    apt-mark hold "$name" >/dev/null',
            "done",
            *(files.write_script(path, text) for path, text in _texts(state)),
        ]
    )


def released() -> str:
    """Shell that ends our holds on the kernel, and nobody else's."""
    return "\n".join(
        [
            f"if [ -e {LIST} ]; then",
            "    while read -r name; do",
            '        apt-mark unhold "$name" >/dev/null 2>&1 || :',
            f"    done <{LIST}",
            "fi",
            versionlock.released(versionlock.KERNEL),
            f"rm -f {PINS} {UNATTENDED} {LIST}",
        ]
    )

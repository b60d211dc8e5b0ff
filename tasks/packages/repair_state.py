"""What speaks against making the package manager whole: it would take something of others. Pure."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from facts.model.host import HostState
from facts.model.outlook import Outlook
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.layout import MOVING

SOURCE = "apt-get(8), --fix-broken; dpkg(1), reinstreq"


DRIVERS = (
    *("nvidia-*", "libnvidia-*", "libcuda*", "libnv*", "cuda-drivers*", "firmware-nvidia-*"),
    *("xserver-xorg-video-nvidia*", "linux-*-nvidia-*"),
)
"""Names of drivers, of whatever branch and origin: parts of one that goes in our own move."""


def removable(state: HostState, plan: Plan) -> tuple[str, ...]:
    """Shell patterns of what may go while packages are made whole: parts of the plan's own set.

    In the middle of a move of ours, which its mark tells, parts of the driver that goes as well.
    Interpreters, compilers and engines never go: others use them.
    """
    found: set[str] = set()
    for part in (plan.driver, plan.cuda, plan.cudnn):
        if part is not None:
            found |= {*part.packages, *part.held}
    if plan.driver is not None:
        found |= {*plan.driver.headers, *plan.driver.pinning}
        moves = any(path.startswith(MOVING) for path in state.managed_files)
        if moves or plan.driver.replaces:
            found |= {*DRIVERS}
    if plan.containers is not None:
        found |= {*plan.containers.toolkit.packages, *plan.containers.toolkit.held}
    return tuple(sorted(found))


def is_broken(state: HostState) -> bool:
    """Whether dpkg or rpm itself knows of something half done."""
    return bool(state.package_manager.half_configured or state.package_manager.broken)


def conflicts(state: HostState, outlook: Outlook, ours: Sequence[str]) -> tuple[Conflict, ...]:
    """PACKAGES-BROKEN: apt can go on only when a package of others is removed, or not at all.

    Args:
        state: What the probe saw.
        outlook: What apt would do.
        ours: Shell patterns of what may go: see `tasks.packages.apt_repair`.
    """
    if state.package_manager.kind != "apt":
        return ()
    found = []
    lost = [one for one in outlook.unfetchable if not _any(one.name, ours)]
    if lost:
        names = " ".join(one.name for one in lost)
        found.append(
            Conflict(
                "PACKAGES-BROKEN",
                f"{names}: cut off while it was unpacked, and no source has it in that version",
                "; ".join(f"{one.name} {one.version} must be unpacked again" for one in lost),
                (
                    "unpack another version, as apt-cache madison lists them: apt-get download "
                    f"{lost[0].name}=VERSION && dpkg --unpack FILE && dpkg --configure -a",
                    f"or, if nobody needs it: dpkg --remove --force-remove-reinstreq {names}",
                ),
                SOURCE,
            )
        )
    strangers = [name for name in outlook.removals if not _any(name, ours)]
    if strangers:
        names = " ".join(strangers)
        found.append(
            Conflict(
                "PACKAGES-BROKEN",
                f"apt could only be made whole by removing {', '.join(strangers)}",
                _why(outlook, strangers),
                (
                    "install what it needs from where it came from: apt-get install "
                    "./PACKAGE.deb, or add the source that has it, then apt-get update && "
                    "apt-get --fix-broken install",
                    f"or, if nobody needs it, remove it: apt-get remove {names}",
                ),
                SOURCE,
            )
        )
    if outlook.repair_fails and not found and not outlook.unfetchable and not _mends(outlook, ours):
        found.append(
            Conflict(
                "PACKAGES-BROKEN",
                "apt's packages are broken, and apt finds no way to make them whole",
                " ".join((outlook.repair_fails, *outlook.complaints[:3])),
                (
                    "see what is missing and install it: apt-get check",
                    "or remove what needs it: apt-get remove PACKAGE, of the names before the "
                    "colons",
                ),
                SOURCE,
            )
        )
    return tuple(found)


def _mends(outlook: Outlook, ours: Sequence[str]) -> bool:
    """Whether our own transaction brings what is missing: only packages of our set miss it.

    Their versions are held, so that apt alone finds no way.
    """
    return bool(outlook.complaints) and all(
        _any(line.split()[0], ours) for line in outlook.complaints
    )


def _why(outlook: Outlook, names: Sequence[str]) -> str:
    """The package manager's own words about these packages; about all where it has none."""
    own = [line for line in outlook.complaints if line.split()[0].partition(":")[0] in names]
    return "; ".join((own or list(outlook.complaints))[:4]) or "a package that it needs is missing"


def _any(name: str, patterns: Sequence[str]) -> bool:
    plain = name.partition(":")[0]
    return any(fnmatch.fnmatchcase(plain, pattern) for pattern in patterns)

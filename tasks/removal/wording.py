"""The plan of a removal as lines for a person. Pure."""

from __future__ import annotations

import textwrap

from tasks.containers import daemon_json
from tasks.layout import ASIDE
from tasks.removal.removal_plan import RemovalPlan

SHOWN = 12
"""Of a list in one line."""
WIDTH = 90


def lines(plan: RemovalPlan) -> list[str]:
    """What goes, then what stays."""
    if not plan:
        stays = [f"stays: {line}" for line in plan.stays]
        return ["nothing to remove: gpuwright has left nothing on this host that would go", *stays]
    goes = [f"goes: {line}" for line in _goes(plan)]
    return [*goes, *(f"comes back: {line}" for line in _back(plan)), *_stays(plan)]


def listed(names: tuple[str, ...]) -> str:
    """The first of them, and how many there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _goes(plan: RemovalPlan) -> list[str]:
    packages = plan.packages
    found: list[str] = []
    if plan.pull:
        found.append("the unit by which the host provisions itself")
    if plan.report:
        found.append("the timer by which the host writes its facts for the report")
    if plan.guard:
        found.append("the kernel guard, and its choice of what GRUB boots")
    found += [
        f"workspace of {user}, its token and its home if that is empty" for user in plan.workspaces
    ]
    found += [f"image {name}" for name in plan.images]
    if plan.unhold or plan.hold_files or plan.locks:
        held = f" of {len(plan.unhold)} packages" if plan.unhold else ""
        found.append(f"holds{held}, pins, and what keeps unattended upgrades off")
    if plan.docker_text is not None:
        whole = "the file" if not plan.docker_text else ", ".join(plan.docker_keys)
        found.append(f"{daemon_json.PATH}: {whole}")
    if plan.containerd:
        found.append("NVIDIA's runtime in containerd's settings, read again when it next starts")
    if packages.goes:
        named = ", ".join(one.plain for one in packages.goes)
        found.append(f"{len(packages.goes)} packages that came with us, with their settings:")
        found += [f"    {line}" for line in textwrap.wrap(named, WIDTH, break_on_hyphens=False)]
    if packages.marked_auto:
        found.append(f"the mark that these were asked for: {listed(packages.marked_auto)}")
    if plan.users or plan.groups:
        people = (*plan.users, *(f"group {name}" for name in plan.groups))
        found.append(f"system users that these packages made: {listed(people)}")
    found += [f"{user} from the group docker" for user in plan.docker_members]
    found += [f"file {path}" for path in plan.files]
    found += [f"folder {path}, which was made for metrics" for path in plan.made]
    if plan.loader:
        found.append(f"what keeps the loader from {listed(plan.loader)}, where that stays")
    if plan.initramfs:
        found.append("nouveau's blacklist in the initramfs, which is made again")
    found += [f"environment {name}, with what was installed into it" for name in plan.environments]
    found += [f"folder {path}" + (f" ({size} MiB)" if size else "") for path, size in plan.folders]
    return found


def _back(plan: RemovalPlan) -> list[str]:
    found = [path.removesuffix(ASIDE) for path in plan.put_back]
    return [*found, *(["dnf's module stream of the driver"] if plan.stream else [])]


def _stays(plan: RemovalPlan) -> list[str]:
    found = [f"stays: {line}" for line in plan.stays]
    found.append("stays: homes, code, data of containers, and all that is not named above")
    if plan.unloads:
        found.append(
            "the driver's module is unloaded; where that cannot be, it goes with the next reboot"
        )
    return found

"""How one host differs from another, component by component. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from facts.model.host import HostState
from stacks.model.plain import one_line
from tasks.guard import kernel_holds, policy
from tasks.host.components import Components

NONE = "none"
UNKNOWN = "unknown"
MOST = 400
"""Characters of one cell."""
_IMAGE = re.compile(r"image|^kernel(-core)?$")
_RELEASE = re.compile(r"\d+\.\d+")
"""In the name of a package: that of one kernel, and not of one that brings the newest."""


def rows(state: HostState, seen: Components) -> dict[str, str]:
    """Component to what this host has of it, as one line of text each."""
    driver = seen.driver
    manager = state.package_manager
    found = {
        "distribution": f"{state.system.os} {state.system.arch}",
        "GPUs": _counted(seen.gpus),
        "driver": f"{driver.version} {driver.flavour or 'flavour unknown'} from {driver.origin}"
        if driver
        else NONE,
        "driver loaded": UNKNOWN if state.driver.loaded is None else state.driver.loaded or NONE,
        "CUDA": _listed(f"{c.version} from {c.origin} in {c.path}" for c in seen.cuda),
        "cuDNN": _listed(f"{c.version} from {c.origin} in {c.path}" for c in seen.cudnn),
        "NCCL of the system": _listed(seen.nccl),
        "PyTorch": _listed(
            f"{t.version} {t.variant or 'build unknown'}, Python {t.python or '?'}, {t.kind} in "
            f"{t.path}"
            for t in seen.torch
        ),
        "engines": _listed(f"{e.name} {e.version} from {e.origin}" for e in seen.engines),
        "NVIDIA Container Toolkit": seen.toolkit or NONE,
        "kernel of the next boot": state.kernels.next_boot or UNKNOWN,
        "kernel policy": kernel_policy(state),
        "Secure Boot": {True: "on", False: "off", None: UNKNOWN}[state.secure_boot],
        "holds": _listed(sorted(manager.holds)),
        "pins": _listed(sorted({pin.file for pin in state.others.pins})),
        "unattended upgrades": {True: "on", False: "off", None: UNKNOWN}[
            manager.unattended_upgrades
        ],
        "persistence daemon": persistence(state),
        "package sources": _listed(sorted(sources(state))),
        "package index": state.pip_index or state.unread.get("pip_index") or NONE,
    }
    return {name: one_line(text)[:MOST] for name, text in found.items()}


def differing(this: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Components in which they differ, in the table's order."""
    return [name for name in this if this[name] != other.get(name)]


def told(
    name: str, this: Mapping[str, str], like: str, other: Mapping[str, str]
) -> tuple[str, list[str]]:
    """One line that sums up, and the lines of a table: component, this host, the other one.

    Args:
        name: This host.
        this: Its rows.
        like: The host that it is compared with.
        other: That one's rows.
    """
    found = differing(this, other)
    if not found:
        return f"{name} is like {like} in all of {len(this)} components", []
    summary = (
        f"{name} differs from {like} in {len(found)} of {len(this)} components: {', '.join(found)}"
    )
    table = [("", name, like), *((row, this[row], other.get(row, UNKNOWN)) for row in found)]
    first = max(len(row) for row, _, _ in table)
    second = min(max(len(cell) for _, cell, _ in table), 48)
    return summary, [f"{a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in table]


def kernel_policy(state: HostState) -> str:
    """``hold`` where no new kernel can come, else what is in force where nothing is said."""
    held = set(state.package_manager.holds)
    images = {p.name for p in kernel_holds.packages(state) if _IMAGE.search(p.name)}
    bring = {name for name in images if not _RELEASE.search(name)}
    keeps = bool(images) and (images <= held or (bool(bring) and bring <= held))
    return "hold" if keeps else policy.decided(state, None).name


def persistence(state: HostState) -> str:
    """State of NVIDIA's persistence daemon: ``active, enabled``."""
    unit = state.units.get("nvidia-persistenced.service")
    if unit is None:
        return UNKNOWN if "units" in state.unread else NONE
    return NONE if unit.enabled == "not-found" else f"{unit.active}, {unit.enabled}"


def sources(state: HostState) -> set[str]:
    """Addresses of the package sources that are switched on."""
    manager = state.package_manager
    found = {uri for source in manager.sources for uri in source.uris}
    return found | {
        address for repo in manager.repositories if repo.enabled for address in repo.addresses
    }


def _counted(names: Iterable[str]) -> str:
    return _listed(f"{count} × {name}" for name, count in sorted(Counter(names).items()))


def _listed(items: Iterable[str]) -> str:
    return "; ".join(items) or NONE

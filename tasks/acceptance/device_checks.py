"""Health of each GPU as nvidia-smi tells it: memory, clocks, power, links. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from facts.device_health_model import Device
from stacks.catalog.read import load_catalog
from stacks.catalog.thresholds import thresholds
from tasks.acceptance.rules import Fault, LeftOut, limit
from tasks.acceptance.subject import Subject

Found = Iterator[Fault | LeftOut]
CALM = {"gpu_idle", "sw_power_cap", "none"}
"""Reasons for lower clocks that say nothing against a card."""
HARD = {"hw_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown"}
"""Those of heat and of power supply."""
_FIELDS = {
    "ecc": ("ecc", "ecc_pending", "uncorrected", "sram_uncorrected", "sram_corrected")
    + ("dram_corrected", "sram_threshold"),
    "remap": ("remapped_rows", "remapped_uncorrectable", "remap_pending", "remap_failure"),
    "pages": ("retired_pages", "retirement_pending"),
    "throttle": ("reasons",),
    "power": ("power_limit_w", "power_default_w"),
    "persistence": ("persistence",),
    "fabric": ("fabric", "fabric_status"),
    "pcie": ("pcie_generation_max", "pcie_width", "pcie_width_max", "pcie_generation")
    + ("pcie_replays",),
    "model": ("device",),
}
"""Fields that a check goes by. One that is missing is told, and never taken for a good one."""


def name(device: Device) -> str:
    """How a GPU is called: by its address, else by its number."""
    return device.pci or f"GPU {device.index}"


def reasons(device: Device) -> set[str]:
    """Why its clocks were lower, at rest or under the self-test's load."""
    return {*device.reasons, *(r for sample in device.busy for r in sample.reasons)}


def unread(subject: Subject, check: str) -> Iterator[Fault]:
    """GPU-UNREAD: what this check goes by and a GPU did not tell."""
    for device in subject.devices:
        missing = [field for field in _FIELDS.get(check, ()) if field in device.unread]
        if missing:
            yield Fault("GPU-UNREAD", "unread", f"not told: {', '.join(missing)}", name(device))


def ecc(subject: Subject) -> Found:
    """Errors of the memory, and whether they are counted at all."""
    if subject.devices and all(d.ecc is None for d in subject.devices):
        yield LeftOut("ecc", "the cards have no ECC that can be asked")
    for device in subject.devices:
        at = name(device)
        if device.uncorrected:
            yield Fault("GPU-ECC", "uncorrected", f"{device.uncorrected} errors", at)
        some = device.sram_uncorrected or 0
        if device.sram_threshold:
            yield Fault("GPU-ECC-SRAM", "sram-threshold", "SRAM Threshold Exceeded: Yes", at)
        elif some > limit("sram-many"):
            yield Fault("GPU-ECC-SRAM", "sram-many", f"{some} in the card's life", at)
        elif some > limit("sram-some"):
            yield Fault("GPU-ECC-SRAM", "sram-some", f"{some} in the card's life", at)
        for rule, count in (
            ("sram-corrected", device.sram_corrected or 0),
            ("dram-corrected", device.dram_corrected or 0),
        ):
            if count > limit(rule):
                yield Fault("GPU-ECC-MANY", rule, f"{count} in the card's life", at)
        if device.ecc is False:
            yield Fault("GPU-ECC-OFF", "ecc-off", "ECC: Disabled", at)
        if None not in (device.ecc, device.ecc_pending) and device.ecc != device.ecc_pending:
            words = {True: "Enabled", False: "Disabled"}
            told = f"now {words[bool(device.ecc)]}, pending {words[bool(device.ecc_pending)]}"
            yield Fault("GPU-ECC-PENDING", "ecc-pending", told, at)


def remap(subject: Subject) -> Found:
    """Rows of memory that were, will be or cannot be replaced."""
    for device in subject.devices:
        at, rows = name(device), device.remapped_uncorrectable or 0
        if device.remap_failure:
            yield Fault("GPU-ROW-FAILURE", "remap-failure", "remapping failure: Yes", at)
        if device.remap_pending:
            yield Fault("GPU-ROW-PENDING", "remap-pending", "remapping pending: Yes", at)
        if rows > limit("rows-used-up"):
            yield Fault("GPU-ROWS", "rows-used-up", f"{rows} rows after uncorrectable errors", at)


def pages(subject: Subject) -> Found:
    """Retired pages of cards before Ampere."""
    for device in subject.devices:
        count = device.retired_pages or 0
        if count > limit("pages-full"):
            yield Fault("GPU-PAGES", "pages-full", f"{count} pages", name(device))
        if device.retirement_pending:
            told = "pending retirement: Yes"
            yield Fault("GPU-PAGES-PENDING", "pages-pending", told, name(device))


def throttle(subject: Subject) -> Found:
    """What keeps clocks down, at rest or under load."""
    for device in subject.devices:
        said = reasons(device)
        hottest = max(
            (t for t in (device.temperature_c, *(s.temperature_c for s in device.busy)) if t),
            default=None,
        )
        heat = f"; {hottest} degrees" if hottest else ""
        if hard := sorted(said & HARD):
            told = ", ".join(hard) + heat
            yield Fault("GPU-THROTTLED", "throttled-hard", told, name(device))
        elif soft := sorted(said - HARD - CALM):
            yield Fault("GPU-CLOCKS", "throttled", ", ".join(soft) + heat, name(device))
    if subject.devices and not any(d.busy for d in subject.devices):
        yield LeftOut("throttle", f"under load: {_no_load(subject)}")


def power(subject: Subject) -> Found:
    """A limit below the card's own."""
    for device in subject.devices:
        now, own = device.power_limit_w, device.power_default_w
        if now is not None and own is not None and now < own:
            told = f"{now:g} W"
            yield Fault("GPU-POWER", "power-limit", told, name(device), limit=f"{own:g} W")


def persistence(subject: Subject) -> Found:
    """Persistence, by the daemon or the mode."""
    for device in subject.devices:
        if device.persistence is False:
            yield Fault("GPU-PERSISTENCE", "no-persistence", "Disabled", name(device))


def fabric(subject: Subject) -> Found:
    """Whether NVSwitch serves a GPU that hangs on one."""
    for device in subject.devices:
        if device.fabric is None:
            continue
        bad = device.fabric_status not in (None, "Success")
        if device.fabric.lower() != "completed" or bad:
            told = f"state {device.fabric}, status {device.fabric_status or 'not told'}"
            yield Fault("GPU-FABRIC", "no-fabric", told, name(device))


def pcie(subject: Subject) -> Found:
    """Lanes and generation, the latter under load: links at rest go down to save power."""
    for device in subject.devices:
        at = name(device)
        lanes = [n for n in (device.pcie_width, *(s.width for s in device.busy)) if n]
        if lanes and device.pcie_width_max and max(lanes) < device.pcie_width_max:
            told, most = f"{max(lanes)} lanes", f"{device.pcie_width_max} lanes"
            yield Fault("PCIE-WIDTH", "narrow", told, at, limit=most)
        seen = [s.generation for s in device.busy if s.generation]
        best = device.pcie_generation_max
        if seen and best and max(seen) < best:
            told = f"generation {max(seen)} under load"
            yield Fault("PCIE-GENERATION", "old-generation", told, at, limit=f"generation {best}")
        counts = [s.replays for s in device.busy if s.replays is not None]
        more = max(counts) - (device.pcie_replays or 0) if counts else 0
        if device.pcie_replays is not None and more > limit("replays"):
            yield Fault("PCIE-REPLAYS", "replays", f"{more} packets during the self-test", at)
    if subject.devices and not any(d.busy for d in subject.devices):
        yield LeftOut("pcie", f"generation and replays under load: {_no_load(subject)}")


def nvlink(subject: Subject) -> Found:
    """Every link of a board, and every one of a card whose bridge is there, is up."""
    boards = _boards()
    for device in subject.devices:
        down = [str(n) for n, link in enumerate(device.links) if link == "inactive"]
        # One GPU of a board that a cloud has given to a machine has nobody to be linked to.
        board = device.device in boards and len(subject.devices) > 1
        if board and not device.links:
            yield Fault("GPU-UNREAD", "no-links", "nvidia-smi nvlink -s lists none", name(device))
        elif down and (board or len(down) < len(device.links)):
            told = f"{len(down)} of {len(device.links)} inactive: {', '.join(down)}"
            yield Fault("NVLINK-DOWN", "link-down", told, name(device), limit="none")
    if subject.devices and not any(d.links for d in subject.devices):
        yield LeftOut("nvlink", "no GPU here tells of a link")


@functools.cache
def _boards() -> frozenset[str]:
    """PCI ids of modules that hang on a board's links."""
    models = load_catalog().known.models.values()
    ours = (m for m in thresholds().models.values() if m.form == "sxm")
    return frozenset([d for m in models for d in m.sxm] + [d for m in ours for d in m.pci])


def _no_load(subject: Subject) -> str:
    return subject.health.unread.get("load", "no sample was taken in time")

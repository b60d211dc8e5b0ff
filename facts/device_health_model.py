"""GPUs as nvidia-smi reports them, at rest and under load. Values only.

Three things are told apart: a value; ``None``, where the card has no such thing (nvidia-smi says
N/A); and a field's name in ``unread``, where it should have answered and did not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from facts.model.shown import Shown


@dataclass(frozen=True)
class Sample(Shown):
    """One GPU at one moment under load."""

    generation: int | None = None
    """Of its PCIe link, at that moment."""
    width: int | None = None
    state: str | None = None
    """``P0`` is the fastest."""
    temperature_c: int | None = None
    replays: int | None = None
    """Packets that the PCIe link has repeated since the driver was loaded."""
    reasons: tuple[str, ...] = ()
    """Why clocks were lower: ``hw_thermal_slowdown`` …, in nvidia-smi's words."""


@dataclass(frozen=True)
class Device(Shown):
    """One GPU."""

    index: int
    pci: str | None = None
    """``0000:17:00.0``."""
    device: str | None = None
    """PCI device id: ``2330``."""
    name: str | None = None
    persistence: bool | None = None
    mig: bool | None = None
    ecc: bool | None = None
    ecc_pending: bool | None = None
    uncorrected: int | None = None
    """Memory errors since the driver was loaded that were not corrected."""
    sram_uncorrected: int | None = None
    """Of the whole life of the card."""
    sram_corrected: int | None = None
    dram_corrected: int | None = None
    sram_threshold: bool | None = None
    """The card's own count of SRAM errors has passed its maker's limit."""
    remapped_uncorrectable: int | None = None
    """Rows of memory that were replaced by spare ones after uncorrectable errors."""
    remap_pending: bool | None = None
    remap_failure: bool | None = None
    retired_pages: int | None = None
    """Single and double bit, of cards before Ampere."""
    retirement_pending: bool | None = None
    power_limit_w: float | None = None
    power_default_w: float | None = None
    temperature_c: int | None = None
    sm_clock_max: int | None = None
    """MHz."""
    pcie_generation: int | None = None
    pcie_generation_max: int | None = None
    """The least of what card and slot can."""
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    pcie_replays: int | None = None
    fabric: str | None = None
    """``Completed`` where NVSwitch serves it."""
    fabric_status: str | None = None
    reasons: tuple[str, ...] = ()
    """Why clocks were lower at rest."""
    links: tuple[str, ...] = ()
    """NVLinks: a speed each, or ``inactive``."""
    busy: tuple[Sample, ...] = ()
    """While the self-test ran."""
    unread: tuple[str, ...] = ()
    """Fields that every card of this kind answers, and this one did not."""


@dataclass(frozen=True)
class Selftest(Shown):
    """What the self-test of the host said."""

    verdict: str | None = None
    backend: str | None = None
    """``nccl`` or ``gloo``."""
    processes: int = 0
    wrong: str | None = None
    """Why its all-reduce or its training steps were wrong."""
    late: bool = False
    """It did not end in time: a cold disk, or a GPU that hangs."""
    computed: bool | None = None
    """A sum on the first device was right."""
    faults: tuple[str, ...] = ()
    devices: int = 0
    """GPUs that kept what was written to them."""


@dataclass(frozen=True)
class Health(Shown):
    """All GPUs of a host, in one look."""

    devices: tuple[Device, ...] = ()
    driver: str | None = None
    why: str | None = None
    """Why there is no answer at all: nvidia-smi's own words."""
    asked: bool = True
    """nvidia-smi could be asked: it is there, and so is the module."""
    selftest: Selftest | None = None
    unread: Mapping[str, str] = field(default_factory=dict)
    """``rest``, ``load``: why not."""

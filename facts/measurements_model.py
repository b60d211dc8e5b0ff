"""What ``gpuwright-measure`` measured on a host. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.shown import Shown


@dataclass(frozen=True)
class Measure(Shown):
    """One value of one GPU, or of all together; ``None``: not told."""

    metric: str
    """As in `stacks.catalog.thresholds.Metric`; ``ddp_step``; ``process``: one that failed."""
    value: float | None = None
    """GB/s or TFLOP/s; of ``ddp_step`` seconds."""
    gpu: str | None = None
    """PCI address; None: all GPUs, or a torch that does not tell it."""
    index: int | None = None
    """As CUDA counts them."""
    how: str = "alone"
    """``alone`` or ``together``, beside all others."""
    right: bool | None = None
    """The results were checked, and were right."""
    off: float | None = None
    """How far they were off."""
    allowed: float | None = None
    spread: float | None = None
    """Between the best and the worst of the runs, as a share."""
    steady: bool | None = None
    """The clocks had settled before."""
    gpus: int | None = None
    nvls: bool | None = None
    backend: str | None = None
    straight: bool | None = None
    """Between two GPUs: without the way through the host's memory."""
    sm_clock_mhz: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    reasons: tuple[str, ...] = ()
    unsupported: str | None = None
    """Why this GPU has no such thing."""
    why: str | None = None
    """Why there is no value."""


@dataclass(frozen=True)
class Measurements(Shown):
    """All values of a host."""

    measures: tuple[Measure, ...] = ()
    torch: str | None = None
    gpus: int = 0
    tiny: bool = False
    """At sizes of a test: the values say nothing about a host."""
    why: str | None = None
    """Why there are none, or no more."""

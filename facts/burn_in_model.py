"""What a burn-in has found on a host so far. Values only."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.shown import Shown


@dataclass(frozen=True)
class Span(Shown):
    """A sensor over the whole time."""

    least: float
    most: float
    last: float


@dataclass(frozen=True)
class Products(Shown):
    """Matrix products of one type."""

    kind: str
    count: int
    """All of them right."""
    least: float | None = None
    """The slowest quarter of a minute, in TFLOP/s."""
    most: float | None = None


@dataclass(frozen=True)
class BurntDevice(Shown):
    """One GPU."""

    name: str
    pci: str | None = None
    index: int | None = None
    passes: int = 0
    """Rounds of patterns over its free memory, all of them right."""
    bytes: int = 0
    """Of memory in a round."""
    products: tuple[Products, ...] = ()
    temperature: Span | None = None
    """Degrees Celsius."""
    power: Span | None = None
    """W."""
    clock: Span | None = None
    """MHz."""
    samples: int = 0
    reasons: tuple[tuple[str, int], ...] = ()
    """Why clocks were lower, and in how many of the samples."""
    wrong: str | None = None
    """The first wrong result, in words."""
    why: str | None = None
    """Why it did not go on."""
    done: bool = False


@dataclass(frozen=True)
class BurnIn(Shown):
    """A burn-in of the host: the one that runs, else the last one."""

    running: bool = False
    found: bool = False
    """There is a result at all."""
    ended: str | None = None
    """``done``, ``wrong``, ``failed``, ``stopped``, ``nothing``; None: it has said no last word."""
    why: str | None = None
    asked_s: float = 0.0
    ran_s: float = 0.0
    at: int = 0
    """When it was written last, in seconds since 1970 by the host's clock."""
    tiny: bool = False
    devices: tuple[BurntDevice, ...] = ()

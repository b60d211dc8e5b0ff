"""What a healthy GPU measures: the schema of ``thresholds.yaml``, and how a row is found. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stacks.catalog.decode import load
from stacks.catalog.provenance import Confidence

Metric = Literal[
    "hbm_bandwidth",
    "h2d_bandwidth",
    "d2h_bandwidth",
    "p2p_bandwidth",
    "allreduce_busbw",
    "matmul_fp32",
    "matmul_tf32",
    "matmul_fp16",
    "matmul_bf16",
]
"""Bandwidths in GB/s, matrix products in TFLOP/s, both with powers of ten."""
SPEC_OF: Mapping[str, str] = {
    "p2p_bandwidth": "nvlink_unidirectional",
    "allreduce_busbw": "nvlink_unidirectional",
}
"""Metrics whose spec has another name than they have."""
ABOVE_SPEC = 1.02
"""Times the spec: a memory bandwidth above it is a cache's, so a fault of the measurement.

Source: the knowledge collected of public readings: an RTX 4090 read at 3,868 GB/s was its L2."""


@dataclass(frozen=True)
class Source:
    """Where numbers come from."""

    what: str
    confidence: Confidence


@dataclass(frozen=True)
class Spec:
    """A maker's number."""

    value: float
    source: str


@dataclass(frozen=True)
class Bounds:
    """A typical value, and those below which something is said."""

    reference: float
    warn: float
    fail: float


@dataclass(frozen=True, kw_only=True)
class Limit(Bounds):
    """`Bounds` of one metric of one model."""

    metric: Metric
    kind: Literal["measured", "threshold"]
    readings: int
    sources: tuple[str, ...]
    gpus: int | None = None
    """Of an all-reduce: how many take part; None: any number."""
    nvls: bool | None = None
    """Of an all-reduce: whether NVSwitch adds (NVLS); None: it makes no difference there."""
    note: str = ""


@dataclass(frozen=True)
class Other:
    """A limit that somebody else ships."""

    metric: Metric
    fail: float
    source: str
    gpus: int | None = None


@dataclass(frozen=True)
class Link:
    """PCIe of one generation with 16 lanes."""

    spec: Spec
    h2d: Bounds
    d2h: Bounds
    readings: int
    sources: tuple[str, ...]


@dataclass(frozen=True)
class DcgmRow:
    """A row of DCGM's own table that is known to be wrong."""

    pci: str
    test: str
    """As `facts.dcgm_model.DcgmResult` names it."""
    shipped: float
    """The limit that is there, in GB/s."""
    what: str
    source: str


@dataclass(frozen=True)
class Model:
    """One model in one form factor."""

    name: str
    form: Literal["sxm", "pcie", "superchip"]
    pci: tuple[str, ...]
    """PCI device ids, four hexadecimal digits."""
    spec: Mapping[str, Spec]
    limits: tuple[Limit, ...]
    others: tuple[Other, ...]

    def limit(self, metric: str, gpus: int | None = None, nvls: bool | None = None) -> Limit | None:
        """The limits for this metric; None: there is no reference.

        Args:
            metric: As in `Metric`.
            gpus: How many took part, for an all-reduce.
            nvls: Whether NVLS was used there; None: not known.
        """
        fits = [
            row
            for row in self.limits
            if row.metric == metric
            and (row.gpus is None or row.gpus == gpus)
            and (row.nvls is None or row.nvls == nvls)
        ]
        return fits[0] if fits else None

    def spec_of(self, metric: str) -> Spec | None:
        """The maker's number that this metric is held against."""
        return self.spec.get(SPEC_OF.get(metric, metric))

    def of_others(self, metric: str, gpus: int | None = None) -> tuple[Other, ...]:
        """What others take as the limit of this metric."""
        return tuple(o for o in self.others if o.metric == metric and o.gpus in (None, gpus))


@dataclass(frozen=True)
class Thresholds:
    """``thresholds.yaml``."""

    date: str
    sources: Mapping[str, Source]
    links: Mapping[str, Link]
    """By generation: ``"4"``."""
    models: Mapping[str, Model]
    dcgm_wrong: tuple[DcgmRow, ...] = ()

    def model(self, pci_id: str | None) -> Model | None:
        """The model with this PCI device id; None: there is no reference for it."""
        wanted = (pci_id or "").lower()
        return next((m for m in self.models.values() if wanted in m.pci), None)

    def cite(self, names: tuple[str, ...]) -> str:
        """Sources in words."""
        return "; ".join(self.sources[name].what for name in names)


@functools.cache
def thresholds() -> Thresholds:
    """All of them, read once. Raises `SchemaError` with file and line."""
    name = "thresholds.yaml"
    return load(Path(__file__).with_name(name), Thresholds, f"stacks/catalog/{name}")

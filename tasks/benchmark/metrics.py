"""What is measured, and how its values are read. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.benchmark.intervals import Kind

Group = Literal["compute", "collective", "latency", "start", "import", "loading"]


@dataclass(frozen=True)
class Metric:
    """One of them."""

    name: str
    says: str
    unit: str
    group: Group
    """Which causes may move it: ``causes.yaml``."""
    more: bool = False
    """More is better."""
    kind: Kind = "ratio"


METRICS = (
    Metric("resnet50_train", "training ResNet-50", "pictures/s", "compute", more=True),
    Metric("bert_step", "a step of BERT-base on all GPUs", "ms", "collective"),
    Metric("collective_share", "share of adding up in that step", "", "collective", kind="points"),
    Metric("detect_p50", "a detector's answer, median", "ms", "latency"),
    Metric("detect_p95", "a detector's answer, 95th percentile", "ms", "latency"),
    Metric("detect_p99", "a detector's answer, 99th percentile", "ms", "latency"),
    Metric("detect_jitter", "from one answer to the next", "ms", "latency"),
    Metric("loading", "loading from the volume", "MB/s", "loading", more=True),
    Metric("start_cold", "start, files from the disk", "s", "start"),
    Metric("import_cold", "import torch, files from the disk", "s", "import"),
    Metric("start_warm", "start, files in memory", "s", "start"),
    Metric("import_warm", "import torch, files in memory", "s", "import"),
)
BY_NAME = {metric.name: metric for metric in METRICS}

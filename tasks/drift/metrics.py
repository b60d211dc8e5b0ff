"""The report as gauges for Prometheus's textfile collector. Pure.

Names begin with ``gpuwright_report_``; none is dcgm-exporter's (those begin with ``DCGM_FI_``). The
dashboard ``docs/grafana-report.json`` shows them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from stacks.model.plain import one_line
from tasks.drift.document import ORDER, Report
from tasks.drift.reading import Reading, moment
from tasks.finding import SEVERITY
from tasks.pull.onhost.telling import textfile

SHOWN = ("driver", "CUDA", "cuDNN", "PyTorch", "running kernel", "GPUs")
"""Components whose value is a label: each changes seldom."""
_LABEL = 120


def text(report: Report) -> str:
    """The file ``report.prom``."""
    every = report.readings
    many = Counter((d.host, kind) for d in report.differences for kind in d.against)
    at = moment(report.made_at)
    counts = report.counts
    metrics = [
        _metric("hosts", "Hosts by verdict.", (({"verdict": v}, counts[v]) for v in ORDER)),
        _metric(
            "timestamp_seconds", "When it was made.", [({}, int(at.timestamp()))] if at else []
        ),
        _metric(
            "host_verdict",
            "0 OK, 1 WARN, 2 CRITICAL, 3 UNKNOWN.",
            ((_of(r), SEVERITY[r.verdict]) for r in every),
        ),
        _metric(
            "host_answered",
            "1 where it answered when it was asked last.",
            ((_of(r), int(r.answered)) for r in every),
        ),
        _metric(
            "host_differences",
            "Components that are not as the plan or the group is.",
            (
                ({**_of(r), "against": kind}, many[r.host, kind])
                for r in every
                for kind in ("plan", "group")
            ),
        ),
        _metric(
            "host_next_boot_ready",
            "1 where the GPUs will work after the next boot; no row: not known.",
            ((_of(r), int(r.next_boot)) for r in every if r.next_boot is not None),
        ),
        _metric(
            "host_gpus_unhealthy",
            "GPUs with a finding at rest.",
            ((_of(r), sum(g.well is False for g in r.gpus)) for r in every if r.gpus),
        ),
        _metric(
            "host_reading_timestamp_seconds",
            "When it was read last.",
            ((_of(r), int(t.timestamp())) for r in every if (t := moment(r.read_at))),
        ),
        _metric(
            "host_component_info",
            "What a host has of a component.",
            (
                ({**_of(r), "component": name, "value": _label(r.components[name].actual or "")}, 1)
                for r in every
                for name in SHOWN
                if name in r.components
            ),
        ),
    ]
    return textfile(metrics)


_Rows = list[tuple[dict[str, str], int]]


def _metric(
    name: str, said: str, rows: Iterable[tuple[dict[str, str], int]]
) -> tuple[str, str, _Rows]:
    return f"gpuwright_report_{name}", said, list(rows)


def _of(reading: Reading) -> dict[str, str]:
    return {"host": _label(reading.host), "group": _label(reading.group)}


def _label(words: str) -> str:
    return one_line(words)[:_LABEL]

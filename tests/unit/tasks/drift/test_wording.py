"""The report at a terminal."""

from __future__ import annotations

from tasks.drift import wording
from tests.unit.tasks.drift.a_fleet import report


def test_each_host_is_told_with_the_ways_out() -> None:
    told = wording.by_host(report())
    assert told["gpu01"] == "gpu01: OK, same"
    assert told["gpu08"].startswith(
        "gpu08: UNKNOWN, it does not answer: it could not be reached; read last 6 days ago"
    )
    assert told["gpu07"].splitlines() == [
        "gpu07: OK, differs in 1 component",
        "  driver: 580.105.08 open from nvidia",
        "    expected: 580.95.05 open from nvidia (by the group, since 2026-11-25T05:12:33Z, "
        "moved by unattended-upgrades)",
        "    fix:      pyinfra inventories/lab.py deploys/gpu_host.py --limit gpu07 "
        "--data driver_version=580.95.05",
        "    adopt:    pyinfra inventories/lab.py deploys/adopt.py --limit gpu07",
    ]
    assert "nvidia-smi --gpu-reset" in told["gpu02"]


def test_end_counts_hosts_and_says_what_was_not_read() -> None:
    assert wording.closing(report(), ["written: x"]).splitlines() == [
        "10 hosts: 1 CRITICAL, 1 UNKNOWN, 1 WARN, 7 OK",
        "group training: 7 the same, 3 differ",
        "not read: old.json.gz: cannot be read: cut off",
        "written: x",
    ]

"""How long the doctor takes for one healthy host over ssh, from the command line to its answer."""

from __future__ import annotations

import os
import statistics
import time
from typing import Any

from bench import machine, results, target
from bench.results import Comparison
from bench.target import BenchError
from sandbox import hosts
from sandbox.faults import driver
from sandbox.hosts import SandboxHost
from sandbox.inventory import host_data

NAME = "doctor"
HOST = "bench-doctor"
DEPLOY = "deploys/driver_doctor.py"
TARGET_SECONDS = 3.0


def run(times: int = 5, name: str | None = None, keep: bool = False) -> list[Comparison]:
    """Measure and compare with the limit.

    Args:
        times: Runs that count, after one that does not; their median counts.
        name: A healthy sandbox host to use. Without one a host is made whose driver comes from the
            double of NVIDIA's repository, with a real kernel, initramfs and DKMS tree.
        keep: Leave the host that was made.

    Raises:
        BenchError: The doctor finds the host ill, or cannot be run.
    """
    target.compiled()
    host = target.find(name) if name else hosts.up(target.spec(HOST))
    try:
        if name is None:
            driver.install(host)
        record = _measure(host, times)
    finally:
        if name is None and not keep:
            host.down()
    row = Comparison(
        "doctor, healthy host",
        record["median"],
        "limit",
        None,
        "s",
        TARGET_SECONDS,
        "ours",
        f"doctor: {', '.join(f'{s:.2f}' for s in record['seconds'])} s on {host.name}, "
        f"load before {record['machine']['load']:.1f}",
    )
    results.save(NAME, [*results.load(NAME), record], [row])
    return [row]


def _measure(host: SandboxHost, times: int) -> dict[str, Any]:
    inventory = target.FOLDER / "inventory_doctor.py"
    inventory.parent.mkdir(parents=True, exist_ok=True)
    inventory.write_text(f"bench = [({host.name!r}, {host_data(host)!r})]\n")
    before, seconds = machine.describe(), []
    for _ in range(times + 1):
        began = time.monotonic()
        done = target.run(target.pyinfra_argv(os.fspath(inventory), DEPLOY))
        seconds.append(round(time.monotonic() - began, 3))
        if done.returncode != 0:
            raise BenchError(f"the doctor does not find {host.name} healthy:\n{done.stdout}")
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host": host.name,
        "machine": before,
        "seconds": seconds[1:],
        "median": statistics.median(seconds[1:]),
    }

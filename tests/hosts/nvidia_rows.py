"""Hosts whose driver comes from a double of NVIDIA's apt repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from facts.host import probe_command
from facts.parse import parse_host
from sandbox.checkout import SOURCE
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import SandboxHost
from stacks.catalog.distributions import DriverOffer
from tasks.host import resolution
from tests.hosts import runner

NO_COMPILING = (
    "program or environment_file or cmake or pkg_config or driver_library or cuda_call"
    " or planned_host_compiler or two_cudas"
)
"""Acceptance checks (words of their names) that compile or run a CUDA program: the double's nvcc
compiles nothing. They are carried out with the real toolkit in `test_gpu_host`."""


def host_data(host: SandboxHost, double: AptDouble, **more: Any) -> dict[str, Any]:
    """Host data that leads this host to the double, with ``more`` laid over it."""
    found = runner.host_data(host)
    ours = double.host_data(host.mirror_url or "")
    return {**found, **ours, "mirrors": {**found["mirrors"], **ours["mirrors"]}, **more}


def accept(
    inventory: Path, deselect: str = NO_COMPILING, product: Path = SOURCE
) -> tuple[bool, str, set[str]]:
    """Run the acceptance checks of ``product``, less those whose name has a word of ``deselect``.

    Gives whether they passed, what they said, and the reasons of those that were skipped.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/acceptance", "-q", "-rs", "--tb=short"]
        + ["-p", "no:cacheprovider", "-k", f"not ({deselect})", "--inventory", str(inventory)],
        cwd=product,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    skipped = set(re.findall(r"^SKIPPED .*?:\d+: (.*)$", done.stdout, re.MULTILINE))
    return done.returncode == 0, done.stdout + done.stderr, skipped


def versions(host: SandboxHost) -> dict[str, str]:
    """Every installed package that has to do with NVIDIA, and its version."""
    done = host.run(
        "dpkg-query -W -f '${db:Status-Abbrev}|${Package}|${Version}\\n' "
        "| grep -E 'nvidia|cuda|cudnn|libcu|libn(pp|vjpeg|ccl)'"
    )
    rows = [line.split("|") for line in done.stdout.splitlines()]
    return {name: version for status, name, version in rows if status.startswith(("ii", "hi"))}


def offers(os_name: str) -> list[DriverOffer]:
    """The drivers that the catalogue offers for this distribution and calls checked on a double."""
    rows = resolution.catalog().distributions[os_name].drivers
    return [row for row in rows if row.support == "double" and "x86_64" in row.arches]


def tried(host: SandboxHost, double: AptDouble, offer: DriverOffer) -> str:
    """What speaks against this driver on this host, by a simulated transaction; empty: nothing.

    The plan is made as for a host with a T4, which drivers of every flavour and branch serve.
    """
    state = parse_host(host.run(probe_command()).stdout.splitlines())
    state = replace(state, pci=(replace(state.gpus[0], device="1eb8"),))
    settings = {"driver_branch": offer.branch, "driver_flavour": offer.flavour}
    data = {"stack": "pytorch-2.9", "without": ["cuda", "torch"], "driver_origin": offer.origin}
    made = resolution.resolved(state, {**host_data(host, double, **data), **settings})
    if made.plan is None or made.plan.driver is None:
        return f"no plan: {made.conflicts}"
    driver = made.plan.driver
    names = " ".join(
        f"'{p}={driver.versions[p]}'" if p in driver.versions else p
        for p in (*driver.pinning, *driver.packages)
    )
    done = host.run(
        "apt-get install -s --no-install-recommends --allow-downgrades --ignore-hold "
        f"-o Dir::Etc::PreferencesParts=/nowhere {names} 2>&1"
    )
    if done.returncode:
        return done.stdout
    comes = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+)", done.stdout, re.MULTILINE)
    wrong = [
        f"{name} {version}"
        for name, version in comes
        if name in driver.versions and not version.startswith(driver.version)
    ]
    return ", ".join(wrong)

"""Hosts whose driver comes from a double of NVIDIA's apt repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.checkout import SOURCE
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import SandboxHost
from tests.hosts import runner

NO_COMPILING = (
    "program or environment_file or cmake or pkg_config or driver_library or cuda_call"
    " or planned_host_compiler"
)
"""Acceptance checks (words of their names) that compile or run a CUDA program: the double's nvcc
compiles nothing. They are carried out with the real toolkit in `test_gpu_host`."""


def host_data(host: SandboxHost, double: AptDouble, **more: Any) -> dict[str, Any]:
    """Host data that leads this host to the double, with ``more`` laid over it."""
    found = runner.host_data(host)
    ours = double.host_data(host.mirror_url or "")
    return {**found, **ours, "mirrors": {**found["mirrors"], **ours["mirrors"]}, **more}


def accept(inventory: Path, deselect: str = NO_COMPILING) -> tuple[bool, str, set[str]]:
    """Run the acceptance checks, less those whose name has a word of ``deselect``.

    Gives whether they passed, what they said, and the reasons of those that were skipped.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/acceptance", "-q", "-rs", "--tb=short"]
        + ["-p", "no:cacheprovider", "-k", f"not ({deselect})", "--inventory", str(inventory)],
        cwd=SOURCE,
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

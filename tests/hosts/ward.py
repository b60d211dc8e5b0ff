"""Hosts to be made ill: what the doctor says of one, and what the repair does to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from facts.evidence import evidence_command
from facts.host import probe_command
from facts.parse import parse_host
from facts.parse.evidence import evidence
from sandbox.checkout import SOURCE
from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from sandbox.hosts import SandboxHost
from tasks.doctor.tree import Diagnosis, diagnose
from tasks.health.case import Case
from tests.hosts import runner

DOCTOR = "deploys/driver_doctor.py"
REPAIR = "deploys/driver_repair.py"
VERIFY = "deploys/verify.py"


def judged(host: SandboxHost) -> Diagnosis:
    """What the doctor says of the host now, without a CUDA call."""
    state = parse_host(host.run(probe_command()).stdout.splitlines())
    kernels = dict.fromkeys((state.kernels.running, state.kernels.next_boot))
    command = evidence_command([kernel for kernel in kernels if kernel])
    return diagnose(Case(state, evidence(host.run(command).stdout.splitlines())))


def healthy(host: SandboxHost) -> None:
    """Fail unless the doctor finds nothing, and the next boot is ready."""
    answer = judged(host)
    assert [(f.code, f.what, f.observed) for f in answer.findings] == []
    assert answer.next_boot.ready is True, answer.next_boot


def made_and_named(host: SandboxHost, fault: Fault) -> None:
    """Make the fault; fail unless the doctor names it, and nothing beside it."""
    words = catalog.seen(host, fault)
    catalog.make(host, fault)
    named(host, fault, words)


def named(host: SandboxHost, fault: Fault, words: str) -> None:
    """Fail unless the doctor names the fault that was made, and nothing beside it."""
    answer = judged(host)
    assert [f.code for f in answer.findings] == [fault.code], answer.findings
    assert words in answer.findings[0].observed, answer.findings
    assert answer.next_boot.ready is fault.next_boot, answer.next_boot


def repaired(host: SandboxHost, fault: Fault, folder: Path, **data: Any) -> None:
    """Run the repair with host data ``data``; fail unless it does what the fault's row says."""
    run = runner.run(host, folder, deploy=REPAIR, **data)
    assert "Traceback" not in run.said, run.said
    if fault.stops is None:
        assert run.code == 0, run.said
        assert f"{host.name}: OK, nothing is wrong" in run.said, run.said
        assert re.search(rf"^  did [^:]*\b{fault.code}\b", run.said, re.MULTILINE), run.said
    else:
        head = f"Manual action: {fault.code} "
        assert head in run.said, run.said
        assert fault.stops in run.said[run.said.rindex(head) :], run.said
        assert [f.code for f in judged(host).findings] == [fault.code]


def left_alone(host: SandboxHost, folder: Path, **data: Any) -> None:
    """Run the repair once more; fail if it changes anything."""
    run = runner.run(host, folder, deploy=REPAIR, **data)
    assert run.changes == [], run.said


def doctor(host: SandboxHost, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the doctor as a user does, without ``-y`` and without a terminal."""
    return _asked(host, folder, DOCTOR, words, {})


def verify(
    host: SandboxHost, folder: Path, *words: str, **data: Any
) -> subprocess.CompletedProcess[str]:
    """Run verify so, with host data ``data``."""
    return _asked(host, folder, VERIFY, words, data)


def _asked(
    host: SandboxHost, folder: Path, deploy: str, words: tuple[str, ...], data: dict[str, Any]
) -> subprocess.CompletedProcess[str]:
    inventory = runner.inventory(folder, **{host.name: {**runner.host_data(host), **data}})
    return subprocess.run(
        [sys.executable, "-m", "pyinfra", *words, str(inventory), deploy],
        cwd=SOURCE,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

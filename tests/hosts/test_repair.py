"""The repair on a real host: its plan, its order, its end, a fleet's round, a run that is killed.

One container with a driver from the double of NVIDIA's repository. Each single fault and its repair
are in `test_doctor`; reload and reboot need a kernel and are in `test_vm_faults`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.faults import catalog, driver
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.local import prepare
from tests.hosts import runner, ward
from tests.hosts.lab import Lab
from tests.hosts.runner import Outcome

RECORD = "/var/lib/gpuwright/repairs.jsonl"
NEVER = (
    "mkdir -p /root/p/DEBIAN && cd /root/p && printf 'Package: never\\nVersion: 1\\n"
    "Architecture: all\\nMaintainer: a\\nDescription: b\\n' >DEBIAN/control && printf "
    "'#!/bin/sh\\necho tried >>/root/tries; echo the reason; exit 1\\n' >DEBIAN/postinst && "
    "chmod +x DEBIAN/postinst && dpkg-deb -b . /root/never.deb && ! dpkg -i /root/never.deb && "
    "rm /root/tries"
)
"""Leaves a package that can never be configured, and counts the tries."""


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    try:
        prepare.check()
    except SandboxError as error:
        pytest.skip(str(error))
    patient = hosts.up(HostSpec("repair", gpus=("h100",)), fresh=True)
    driver.install(patient, double=AptDouble("debian12", "repair").reset())
    on(patient, "apt-mark hold $(dpkg -l | awk '/^.i.*(nvidia|libcuda)/ { print $2 }')")
    yield patient
    patient.down()


def on(host: SandboxHost, command: str) -> str:
    done = host.run(command)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def repair(host: SandboxHost, folder: Path, *words: str, **data: object) -> Outcome:
    return runner.run(host, folder, *words, deploy=ward.REPAIR, **data)


def plan(said: str) -> str:
    """The block that is shown before anything is done."""
    found = re.search(r"^\w+: CRITICAL; the repair:.*?(?=^ +\[\w+\] Ready)", said, re.M | re.S)
    assert found, said
    return found[0]


def test_healthy_host_is_left_as_it_was(host: SandboxHost, tmp_path: Path) -> None:
    with runner.untouched(host):
        run = repair(host, tmp_path)
    assert (run.code, run.changes) == (0, [])
    assert "repair: OK, nothing to repair" in run.said
    assert "proof: none (a systemd-nspawn container cannot load a driver)" in run.said


def test_faults_are_fixed_in_order_in_one_run_as_the_dry_run_said(
    host: SandboxHost, tmp_path: Path
) -> None:
    held = on(host, "apt-mark showhold")
    for fault in ("C4-stale-spec", "D1-not-built", "D18-library"):
        catalog.make(host, catalog.get(fault))
    lab = Lab(host, runner.inventory(tmp_path, **{host.name: runner.host_data(host)}))
    with runner.untouched(host):
        dry = lab.pyinfra("--dry", deploy=ward.REPAIR)
    assert (dry.code, dry.predicted(host.name)) == (0, {"Driver repair"})
    run = lab.pyinfra("-y", deploy=ward.REPAIR)
    assert (run.code, run.changed(host.name)) == (0, {"Driver repair"}), run.told
    assert plan(run.told) == plan(dry.told)
    assert re.findall(r"^  \d\. (\S+):", plan(run.told), re.MULTILINE) == ["D1", "C4"]
    # Without a module the library is not looked at: it comes up on the way.
    assert re.findall(r"^  did (\S+):", run.told, re.MULTILINE) == ["D1", "D18", "C4"]
    ward.healthy(host)
    assert on(host, "apt-mark showhold") == held
    again = repair(host, tmp_path)
    assert (again.code, again.changes) == (0, [])


def test_record_on_the_host_says_what_was_done_and_how_it_went(host: SandboxHost) -> None:
    events = [json.loads(line) for line in on(host, f"cat {RECORD}").splitlines()]
    assert [e["event"] for e in events] == ["begun", "act", "act", "act", "ended"]
    assert {tuple(e["codes"]): e["result"] for e in events if e["event"] == "act"} == {
        ("D1",): "done",
        ("D18",): "done",
        ("C4",): "done",
    }
    assert (events[-1]["verdict"], events[-1]["next_boot_ready"]) == ("OK", True)


def test_fault_that_stays_is_tried_once_and_ends_the_run_with_its_reason(
    host: SandboxHost, tmp_path: Path
) -> None:
    on(host, NEVER)
    run = repair(host, tmp_path)
    assert (run.code, run.changes) == (1, []), run.said
    assert "Manual action: D9 CRITICAL: the package manager is broken" in run.said
    assert "Errors were encountered while processing: / never" in run.line("    why: ")
    # dpkg --configure -a, and the one that apt-get -f install makes.
    assert on(host, "cat /root/tries").splitlines() == ["tried"] * 2


def test_host_that_fails_leaves_the_rest_of_its_fleet_untouched(
    host: SandboxHost, tmp_path: Path
) -> None:
    others = [
        hosts.up(HostSpec(f"repair-{name}", gpus=("h100",)), fresh=True)
        for name in ("first", "last")
    ]
    try:
        for other in others:
            on(other, NEVER)
        rows = {one.name: runner.host_data(one) for one in (*others, host)}
        rows[host.name]["canary"] = True
        runner.inventory(tmp_path, **rows)
        run = runner.wait(runner.start(tmp_path, deploy=ward.REPAIR), tmp_path)
        tries = [on(other, "cat /root/tries 2>/dev/null; true") for other in others]
    finally:
        for other in others:
            other.down()
    assert run.code == 1
    assert f"{host.name}: CRITICAL; worked on D9; left to a person: D9" in run.said
    for other in others:
        assert f"{other.name}: untouched: 1 of 1 hosts failed ({host.name})" in run.said
    assert tries == ["", ""]
    assert "Traceback" not in run.said
    on(host, "dpkg --purge never; rm -r /root/p /root/never.deb /root/tries")


def test_run_that_is_killed_is_gone_on_with_by_the_next(host: SandboxHost, tmp_path: Path) -> None:
    catalog.make(host, catalog.get("D1-not-built"))
    runner.inventory(tmp_path, **{host.name: runner.host_data(host)})
    active = "systemctl is-active gpuwright-repair.service"
    with runner.killed_at_the_end(runner.start(tmp_path, deploy=ward.REPAIR)) as process:
        deadline = time.monotonic() + 120
        while host.run(active).stdout.strip() != "active":
            assert time.monotonic() < deadline and process.poll() is None, runner.said(tmp_path)
    run = repair(host, tmp_path)
    assert run.code == 0, run.said
    ward.healthy(host)


@pytest.mark.parametrize("setting", ["yes", "if needed"])
def test_data_that_cannot_be_meant_are_refused_before_anything(
    host: SandboxHost, tmp_path: Path, setting: str
) -> None:
    with runner.untouched(host):
        run = repair(host, tmp_path, reboot=setting)
    assert run.code == 1
    assert f"\"reboot\" is '{setting}', expected one of never, if-needed, now" in run.said

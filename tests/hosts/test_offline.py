"""A host without a route becomes a GPU host from a bundle that another one has collected.

Two Debian 12 hosts, one after the other. Debian's packages are the real ones. The driver comes from
a double of NVIDIA's repository, torch, Triton and the CUDA libraries of the lock are stand-ins, and
the system's CUDA and cuDNN are left out, for their size and for the minutes of a real module's
build: with ``GPUWRIGHT_WHOLE_BUNDLE`` set (``make test-bundle``) all is real, and Debian's. The
tests follow each other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tasks.layout import CURRENT
from tasks.offline import manifest
from tasks.steps.surroundings import PLACES
from tests.hosts import cu118_index, jetson_index, runner
from tests.hosts.able import needs_hosts
from tests.hosts.cut_off import Phase, cut_off
from tests.hosts.runner import Outcome, untouched

pytestmark = needs_hosts()

BUNDLE = "deploys/bundle.py"
SOURCES = (
    "cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null; ls /etc/apt/sources.list.d"
)
WHOLE = bool(os.environ.get("GPUWRIGHT_WHOLE_BUNDLE"))
DATA: dict[str, Any] = {"expected_gpus": "h100"} | ({} if WHOLE else {"without": ["cuda", "cudnn"]})
VERSION = "2.9.1+cu128" if WHOLE else "2.7.1+cu118"
DRIVER = "535." if WHOLE else "580.178.04"
LIMIT_S = 7200 if WHOLE else 900


@dataclass(frozen=True)
class Collected:
    """The bundle, what is said of hosts, and two runs that filled it."""

    folder: Path
    data: dict[str, Any]
    first: Outcome
    second: Outcome


def ended(
    host: SandboxHost, folder: Path, *words: str, deploy: str = runner.GPU_HOST, **data: Any
) -> Outcome:
    """Run a deploy and wait for its end, for as long as so many bytes may take."""
    runner.inventory(folder, **{host.name: runner.host_data(host, **data)})
    return runner.wait(runner.start(folder, *words, deploy=deploy), folder, LIMIT_S)


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collected]:
    """A host that reaches its archives collects, and is gone."""
    folder = tmp_path_factory.mktemp("offline")
    stack = "pytorch-2.9" if WHOLE else str(cu118_index.write(folder))
    data = {**DATA, "stack": stack, "bundle": str(folder / "a bündel")}
    host = hosts.up(HostSpec("stocked"), fresh=True)
    try:
        with jetson_index.serving(folder / "index", host.mirror_url or "") as address:
            mirrors = dict(runner.host_data(host)["mirrors"])
            if not WHOLE:
                double = AptDouble("debian12", host.name).reset().host_data(host.mirror_url or "")
                mirrors |= {"pytorch": address, **double.pop("mirrors")}
                data |= {"driver_origin": "nvidia", **double, "mirrors": mirrors}
            first, second = (
                ended(host, folder, deploy=BUNDLE, **{"mirrors": mirrors, **data}) for _ in range(2)
            )
    finally:
        host.down()
    yield Collected(folder / "a bündel", data, first, second)


@pytest.fixture(scope="module")
def closed(collected: Collected) -> Iterator[SandboxHost]:
    """The host without a route."""
    assert collected.first.code == 0, collected.first.said
    host = hosts.up(HostSpec("closed", gpus=("h100",), offline=True), fresh=True)
    yield host
    host.down()


def installed(host: SandboxHost, folder: Path, of: Collected, *words: str, **more: Any) -> Outcome:
    """Run the deploy on the host without a route."""
    return ended(host, folder, *words, **{**of.data, **more})


def test_bundle_is_collected_and_a_second_run_fetches_nothing(collected: Collected) -> None:
    assert collected.first.code == 0, collected.first.said
    assert "stocked: verdict OK" in collected.first.said
    # pyinfra's closing table has the number of hosts behind each name, and a last line of sums.
    assert {row.split("  ")[0] for row in collected.first.changes} == {
        "Grand total",
        "Packages for hosts",
        "Wheels for hosts",
        "Repository, signed",
    }
    assert collected.second.code == 0 and collected.second.changes == []
    known = manifest.read(collected.folder)
    assert all(e.source.startswith("http") for p, e in known.files.items() if p.endswith(".deb"))


def test_every_byte_of_it_is_verified(collected: Collected) -> None:
    words = [sys.executable, "-m", "tasks.bundle", "verify", str(collected.folder)]
    words += ["--key", manifest.read(collected.folder).key]
    done = subprocess.run(words, cwd=SOURCE, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "whole" in done.stderr


def test_host_reaches_nothing(closed: SandboxHost) -> None:
    assert closed.run("ip route show default").stdout == ""
    assert closed.run("timeout 5 sh -c ': >/dev/tcp/192.0.2.1/80'").returncode != 0


def test_damage_and_another_key_are_refused_before_the_host_is_touched(
    closed: SandboxHost, collected: Collected, tmp_path: Path
) -> None:
    spoiled = tmp_path / "spoiled"
    shutil.copytree(collected.folder, spoiled)
    victim = next((spoiled / "pool").rglob("*.deb"))
    victim.write_bytes(victim.read_bytes()[:-1])
    with untouched(closed):
        cut = installed(closed, tmp_path, collected, bundle=str(spoiled))
        key = installed(closed, tmp_path, collected, bundle_key="A" * 40)
    assert cut.code != 0 and victim.name in cut.line("BUNDLE-SPOILED") + cut.said
    assert key.code != 0 and "BUNDLE-KEY" in key.said


def test_run_whose_controller_is_killed_goes_on_and_ends_well(
    closed: SandboxHost, collected: Collected, tmp_path: Path
) -> None:
    before = closed.run(SOURCES).stdout
    runner.inventory(tmp_path, closed=runner.host_data(closed, **collected.data))
    assert cut_off(closed, tmp_path, Phase("kill", "driver/status", "status:"))
    predicted = installed(closed, tmp_path, collected, "--dry")
    assert "Package sources of the host stay as they are" in predicted.said
    outcome = installed(closed, tmp_path, collected)
    assert outcome.code == 0, outcome.said
    assert "verdict OK" in outcome.said
    assert closed.run(SOURCES).stdout == before
    assert closed.run(f"ls {PLACES}").stdout == ""
    assert closed.run("ss -tln | grep 127.0.0.1 || :").stdout == "", "no tunnel is left"


def test_second_run_changes_nothing_and_needs_no_bundle(
    closed: SandboxHost, collected: Collected, tmp_path: Path
) -> None:
    outcome = installed(closed, tmp_path, collected, bundle=str(tmp_path / "gone"))
    assert outcome.code == 0, outcome.said
    assert outcome.changes == []


def test_what_came_is_what_the_plan_says(closed: SandboxHost) -> None:
    code = "import torch, torchvision; print(torch.__version__)"
    assert closed.run(f"{CURRENT}/bin/python -I -c '{code}'").stdout.strip() == VERSION
    assert DRIVER in closed.run("dpkg-query -W -f '${Version}' libcuda1").stdout

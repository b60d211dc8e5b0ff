"""A GPU host is taken back to what it was, killed at random points on the way, and made again.

One Ubuntu 22.04 host with driver, CUDA and cuDNN of a double of NVIDIA's repository; apt, dpkg and
DKMS are real (docs/sandbox.md). The tests follow each other on it. PyTorch is left out: it lies in
our own folder as the rest of it does.
"""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.doubles import kernels
from sandbox.doubles.nvidia import AptDouble
from sandbox.doubles.ubuntu import ubuntu
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.roots.build import root
from tests.hosts import difference, nvidia_rows, runner
from tests.hosts.able import needs_hosts
from tests.hosts.difference import Look
from tests.hosts.lab import Lab, Run
from tests.hosts.runner import jobs_ended, untouched

pytestmark = needs_hosts()

NAME = "leaving"
REMOVE = "deploys/remove.py"
THEIR_SOURCE = "/etc/apt/sources.list.d/cuda-ubuntu2204-x86_64.list"
KILLS = 3
SEED = int(os.environ.get("GPUWRIGHT_SEED") or random.randrange(10**6))


@dataclass(frozen=True)
class Place:
    """The host, its inventory, and what it had before it met us."""

    host: SandboxHost
    folder: Path
    before: Look

    def run(self, *words: str, deploy: str = runner.GPU_HOST) -> Run:
        """One run of a deploy."""
        return Lab(self.host, self.folder / "inventory.py").pyinfra(
            *(words or ("-y",)), deploy=deploy
        )

    def changed(self) -> list[str]:
        """How the host differs from what it was before."""
        return difference.table(self.before, difference.look(self.host))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A host with things of its own that our runs meet: a compiler, a hold, a source of CUDA."""
    host = hosts.up(HostSpec(NAME, os="ubuntu-22.04", gpus=("a100",) * 8), fresh=True)
    double = AptDouble("ubuntu2204", NAME).reset()
    release = ubuntu("ubuntu-22.04")
    headers = kernels.debian_headers(root("debian-12", host.mirror_url), host.mirror_url)
    folder = tmp_path_factory.mktemp(NAME)
    runner.inventory(folder, **{NAME: nvidia_rows.host_data(host, double, without=["torch"])})
    address = f"{host.mirror_url}{double.path}ubuntu2204/x86_64/"
    done = host.run(
        f"/usr/lib/apt/apt-helper download-file {address}3bf863cc.pub "
        "/usr/share/keyrings/cuda-archive-keyring.asc 2>&1 && apt-get -qq update && "
        "DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends make xz-utils "
        ">/dev/null && apt-mark auto make && apt-mark hold xz-utils && "
        "mkdir -p /root/code && echo mine >/root/code/model.py && "
        f"echo 'deb [signed-by=/usr/share/keyrings/cuda-archive-keyring.asc] {address} /' "
        f">{THEIR_SOURCE}"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    yield Place(host, folder, difference.look(host))
    release.publish(headers)
    host.down()


def test_host_that_never_met_us_has_nothing_to_remove(place: Place) -> None:
    with untouched(place.host):
        run = place.run(deploy=REMOVE)
    assert run.code == 0, run.told
    assert "nothing to remove" in run.told and run.changed(NAME) == set()


@pytest.fixture(scope="module")
def told(place: Place) -> Run:
    """The host is made a GPU host; what a removal of it would do."""
    made = place.run()
    assert made.code == 0, made.told
    somebodys = "dpkg-query -W -f '${db:Status-Abbrev}' dkms nvidia-utils-580 cuda-nvcc-11-8 make"
    assert place.host.run(somebodys).stdout.count("i ") == 4, "there is nothing to remove"
    return place.run("--dry", deploy=REMOVE)


def test_plan_names_what_goes_and_not_what_was_there(place: Place, told: Run) -> None:
    lines = [line.split("] ", 1)[1] for line in told.told.splitlines() if f"[{NAME}] " in line]
    goes = " ".join(line for line in lines if line.startswith("goes: "))
    for name in ("nvidia-utils-580", "cuda-nvcc-11-8", "libcudnn8", "dkms", "/opt/gpuwright"):
        assert name in goes, told.told
    assert " make," not in goes and "xz-utils" not in goes
    assert f"comes back: {THEIR_SOURCE}" in lines


def killed(place: Place, seconds: float) -> str:
    """Kill a removal after so many seconds; gives the last line that it said."""
    with (
        runner.killed_at_the_end(runner.start(place.folder, deploy=REMOVE)) as process,
        contextlib.suppress(subprocess.TimeoutExpired),
    ):
        process.wait(seconds)
    lines = [line.strip() for line in runner.said(place.folder).splitlines() if line.strip()]
    return lines[-1] if lines else ""


@pytest.fixture(scope="module")
def removed(place: Place, told: Run) -> Run:
    """Removed in the end, after runs that were killed while the host stood still and went on."""
    print(f"seed: GPUWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    for point in range(KILLS):
        seconds = chance.uniform(3, 15)
        print(f"kill {point + 1} after {seconds:.1f} s, at: {killed(place, seconds)}")
    place.host.kill()  # the power goes as well, whatever the package manager is doing
    place.host.boot()
    jobs_ended(place.host, 300)
    return place.run(deploy=REMOVE)


def test_removal_leaves_the_host_as_it_was_before(place: Place, removed: Run) -> None:
    assert removed.code == 0, removed.told
    assert place.changed() == []
    assert place.host.run("cat /root/code/model.py").stdout == "mine\n"


@pytest.mark.usefixtures("removed")
def test_second_removal_changes_nothing(place: Place) -> None:
    with untouched(place.host):
        run = place.run(deploy=REMOVE)
    assert run.code == 0 and run.changed(NAME) == set(), run.told


@pytest.mark.usefixtures("removed")
def test_host_is_made_again_and_removed_again_as_predicted(place: Place) -> None:
    again = place.run()
    assert again.code == 0, again.told
    assert f"{NAME}: verdict OK" in again.report
    predicted, run = place.run("--dry", deploy=REMOVE), place.run(deploy=REMOVE)
    assert run.code == 0, run.told
    assert predicted.predicted(NAME) == run.changed(NAME)
    assert place.changed() == []

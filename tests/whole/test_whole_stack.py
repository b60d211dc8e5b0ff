"""From a bare host to OK with driver, CUDA 11.8, cuDNN and PyTorch in one run, release by release.

`make test-whole`, and not `make test`: each host takes 14 GB and some five minutes, so they follow
one another and each goes before the next. The driver, CUDA's tarballs and Ubuntu's names are
stand-ins (docs/sandbox.md); cuDNN's wheel and PyTorch are the real ones, as are apt, dpkg and DKMS.
On Debian 12 with Debian's driver all of it is real: `tests/hosts/test_gpu_host.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec
from stacks.model.support import Part
from tests.hosts import carried_out, nvidia_rows, runner, tarballs
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab

pytestmark = needs_hosts()
WHEEL = "8.9.6.50 wheels"
DRIVER, NEWER_DRIVER = "580.178.04 open nvidia", "595.71.05 open nvidia"
TORCH = "import torch; x = torch.ones(64, 64); print(torch.version.cuda, float((x @ x).sum()))"
COMPILES, RUNS = "11.8 redist compile", "11.8 redist runtime"


@dataclass(frozen=True)
class Release:
    """A release, the GPU of its host, and the parts that its run carries out."""

    os: str
    repository: str
    driver: str
    cuda: str
    python: str
    cudnn: str = WHEEL
    gpu: str = "h100"
    tried: bool = True
    """Whether its run has passed; else ``stacks/catalog/support.yaml`` has nothing of it."""

    @property
    def mark(self) -> pytest.MarkDecorator:
        """What a test of it carries out; real wheels on a host of another name are stand-ins."""
        double: dict[Part, str] = {"driver": self.driver, "cuda": self.cuda}
        wheels: dict[Part, str] = {
            "cudnn": self.cudnn,
            "torch": f"torch-2.9.1-cu128-{self.python}-x86_64",
        }
        if self.os.startswith("debian"):
            return carried_out.carries_out(self.os, live=wheels, double=double, tried=self.tried)
        return carried_out.carries_out(self.os, double={**double, **wheels}, tried=self.tried)


RELEASES = [
    Release("debian-12", "debian12", DRIVER, COMPILES, "cp311"),
    Release("debian-13", "debian13", DRIVER, RUNS, "cp313", tried=False),
    Release(
        *("ubuntu-22.04", "ubuntu2204", DRIVER, "11.8 nvidia compile", "cp311"),
        cudnn="8.9.7.29 nvidia",
    ),
    Release("ubuntu-24.04", "ubuntu2404", DRIVER, COMPILES, "cp311"),
    Release("ubuntu-26.04", "ubuntu2604", NEWER_DRIVER, RUNS, "cp311", tried=False),
]


@contextlib.contextmanager
def lab_of(release: Release, folder: Path) -> Iterator[Lab]:
    """A fresh host of the release; it is removed before the next one begins."""
    name = f"whole-{release.repository}"
    host = hosts.up(HostSpec(name, os=release.os, gpus=(release.gpu,) * 2), fresh=True)
    double = AptDouble(release.repository).reset()
    data = nvidia_rows.host_data(host, double, driver_origin="nvidia")
    if not release.os.startswith("debian"):
        # Beneath Ubuntu's names is Debian 12, which has another Python than the release: it is one
        # that the host has already.
        brought = host.run("apt-get -qq update && apt-get -qq install --yes python3-dev")
        assert brought.returncode == 0, brought.stderr
        data["torch_python"] = "3.11"
    data["mirrors"]["redist"] = tarballs.mirror(str(host.mirror_url))
    product = tarballs.product(folder / "product", tarballs.publish())
    yield Lab(host, runner.inventory(folder, **{name: data}), product)
    host.down()


@pytest.mark.parametrize(
    "release", [pytest.param(one, id=one.os, marks=one.mark) for one in RELEASES]
)
def test_one_run_makes_the_whole_stack_and_a_second_one_changes_nothing(
    request: pytest.FixtureRequest, release: Release, tmp_path: Path
) -> None:
    with lab_of(release, tmp_path) as lab:
        name = lab.host.name
        predicted, first, second = lab.pyinfra("--dry"), lab.pyinfra("-y"), lab.pyinfra("-y")
        assert first.code == 0, first.told
        assert f"{name}: verdict OK" in first.report, first.report
        assert predicted.predicted(name) == first.changed(name)
        assert (second.code, second.changed(name)) == (0, set()), second.told
        carried_out.shown(request, lab)
        passed, said, _ = nvidia_rows.accept(lab.inventory, product=lab.product)
        assert passed, said
        assert lab.on_host(f"/opt/gpuwright/current/bin/python -c '{TORCH}'") == "12.8 262144.0"
        assert "libcudart.so" in lab.on_host("ls /usr/local/cuda-11.8/lib64")

"""NVIDIA's repository on Ubuntu 20.04 to 26.04, Debian 12 and 13, and the first boot of a cloud VM.

The real apt, dpkg, DKMS and systemd against doubles of the repositories; Ubuntu's hosts are
Debian's with Ubuntu's names (docs/sandbox.md). One run of pyinfra serves the five; Ubuntu 22.04
is in `test_nvidia_apt`. On Ubuntu 24.04 CUDA 11.8 and cuDNN come as NVIDIA's component tarballs,
which are stand-ins (`tarballs`); fetching, checking, unpacking and laying out are the deploy's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.vm import trial
from stacks.model.support import Part
from tasks.host import resolution
from tests.hosts import carried_out, nvidia_rows, runner, tarballs
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab, Run

pytestmark = needs_hosts()


@dataclass(frozen=True)
class Row:
    """One line of the support matrix."""

    os: str
    distribution: str
    gpu: str
    data: dict[str, Any]
    parts: dict[Part, str]
    """What is carried out on it, besides the driver."""
    driver: str = "580.178.04"

    @property
    def mark(self) -> pytest.MarkDecorator:
        """The whole row, as a mark."""
        flavour = "proprietary" if self.gpu == "v100" else "open"
        driver: dict[Part, str] = {"driver": f"{self.driver} {flavour} nvidia"}
        return carried_out.carries_out(self.os, double={**driver, **self.parts})


TARBALLS = {"cuda_origin": "redist", "cudnn_origin": "redist", "without": ["torch"]}
REDIST: dict[Part, str] = {"cuda": "11.8 redist compile", "cudnn": "8.9.7.29 redist"}
# CUDA 11.8 is in the repository of Ubuntu 20.04 only; elsewhere it comes as tarballs.
NO_CUDA = {"without": ["cuda", "torch"]}
BY_NAME = {**NO_CUDA, "driver_origin": "nvidia"}
SYSTEM: dict[Part, str] = {"cuda": "11.8 nvidia compile", "cudnn": "8.9.7.29 nvidia"}
ROWS = {
    "focal": Row("ubuntu-20.04", "ubuntu2004", "a100", {"without": ["torch"]}, SYSTEM),
    "noble": Row("ubuntu-24.04", "ubuntu2404", "v100", TARBALLS, REDIST),
    "resolute": Row("ubuntu-26.04", "ubuntu2604", "h100", NO_CUDA, {}, "595.71.05"),
    "bookworm": Row("debian-12", "debian12", "h100", BY_NAME, {}),
    "trixie": Row("debian-13", "debian13", "l40s", BY_NAME, {}),
}


@dataclass(frozen=True)
class Fleet:
    """The hosts, and the runs that were made on all of them together."""

    hosts: dict[str, SandboxHost]
    lab: Lab
    predicted: Run
    first: Run
    second: Run


# A cloud image's first boot: cloud-init is still at work when the first run begins.
CLOUD_INIT = """\
#!/bin/sh
# A stand-in for cloud-init, made by gpuwright's tests.
[ "$1 $2" = "status --wait" ] || exit 0
n=0
while [ ! -e /run/cloud-init/result.json ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done
echo "status: done"
"""
CLOUD_BOOT = (
    "mkdir -p /run/cloud-init && touch /run/cloud-init/enabled && systemd-run -q --unit=cloud-boot "
    "sh -c 'sleep 4; touch /run/cloud-boot-ended; echo {} >/run/cloud-init/result.json'"
)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The five hosts, made GPU hosts by one run, after one that only predicted."""
    up = {
        name: hosts.up(HostSpec(name, os=row.os, gpus=(row.gpu,)), fresh=True)
        for name, row in ROWS.items()
    }
    data = {
        name: nvidia_rows.host_data(up[name], AptDouble(row.distribution).reset(), **row.data)
        for name, row in ROWS.items()
    }
    mirrors = data["noble"]["mirrors"]
    mirrors["redist"] = tarballs.mirror(str(up["noble"].mirror_url))
    product = tarballs.product(tmp_path_factory.mktemp("product"), tarballs.publish())
    cloud = up["noble"].rootfs / "usr/bin/cloud-init"
    cloud.write_text(CLOUD_INIT)
    cloud.chmod(0o755)
    asked = up["noble"].run(
        # needrestart asks which services to restart, on a terminal, after each installation.
        "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install needrestart "
        f">/dev/null && {CLOUD_BOOT}"
    )
    assert asked.returncode == 0, asked.stderr
    inventory = runner.inventory(tmp_path_factory.mktemp("rows"), **data)
    lab = Lab(up["noble"], inventory, product)
    predicted, first, second = lab.pyinfra("--dry"), lab.pyinfra("-y"), lab.pyinfra("-y")
    yield Fleet(up, lab, predicted, first, second)
    for host in up.values():
        host.down()


def test_run_ends_well_on_every_host(fleet: Fleet) -> None:
    assert fleet.first.code == 0, fleet.first.told


@pytest.mark.parametrize("name", ROWS)
def test_dry_run_names_what_the_run_changes(fleet: Fleet, name: str) -> None:
    assert fleet.predicted.code == 0, fleet.predicted.told
    assert fleet.first.changed(name) == fleet.predicted.predicted(name)


@pytest.mark.parametrize("name", ROWS)
def test_second_run_changes_nothing(fleet: Fleet, name: str) -> None:
    assert fleet.second.changed(name) == set() == fleet.second.failed(name)
    assert len(fleet.second.unchanged(name)) > 10


@pytest.mark.parametrize("name", ROWS)
def test_driver_is_the_planned_one_although_newer_branches_are_there(
    fleet: Fleet, name: str
) -> None:
    found = {n: v for n, v in nvidia_rows.versions(fleet.hosts[name]).items() if "nvidia" in n}
    driver = {n: v for n, v in found.items() if not n.startswith("nvidia-driver-pinning")}
    assert len(driver) > 5
    assert {v.split("-")[0] for v in driver.values()} == {ROWS[name].driver}, found


@pytest.mark.parametrize("name", [pytest.param(name, marks=row.mark) for name, row in ROWS.items()])
def test_parts_are_carried_out(request: pytest.FixtureRequest, fleet: Fleet, name: str) -> None:
    carried_out.shown(request, replace(fleet.lab, host=fleet.hosts[name]))


def test_acceptance_checks_pass_on_every_host(fleet: Fleet) -> None:
    passed, said, _ = nvidia_rows.accept(fleet.lab.inventory, product=fleet.lab.product)
    assert passed, said


@pytest.mark.parametrize("name", ROWS)
def test_every_driver_of_the_catalogue_could_be_installed(fleet: Fleet, name: str) -> None:
    """By name and version as planned, tried by the host's own apt."""
    row, host = ROWS[name], fleet.hosts[name]
    offers = nvidia_rows.offers(row.os)
    assert {offer.flavour for offer in offers} == {"open", "proprietary"}
    double = AptDouble(row.distribution)
    against = {
        f"{o.branch} {o.flavour} {o.set}": nvidia_rows.tried(host, double, o) for o in offers
    }
    assert {offer: why for offer, why in against.items() if why} == {}


def test_first_boot_is_waited_for(fleet: Fleet) -> None:
    """The run began while cloud-init was at work, and nothing was done before it ended."""
    host = fleet.hosts["noble"]
    ended = float(host.run("stat -c %Y /run/cloud-boot-ended").stdout)
    begun = float(host.run("stat -c %Y /var/lib/gpuwright").stdout)
    assert begun >= ended


def test_module_that_dkms_built_loads_in_the_kernel_of_its_host(fleet: Fleet) -> None:
    try:
        trial.prepare()
    except SandboxError as error:
        pytest.skip(str(error))
    root = fleet.hosts["bookworm"].rootfs
    [kernel] = root.glob("boot/vmlinuz-*")
    release = kernel.name.removeprefix("vmlinuz-")
    built = root / "lib/modules" / release / "updates/dkms"
    modules = [built / "nvidia.ko", built / "nvidia-uvm.ko"]
    said = trial.after_loading(kernel, modules, ["cat /proc/driver/nvidia/version", "lsmod"])
    assert ROWS["bookworm"].driver in said
    assert "nvidia_uvm" in said


CUDA, CUDNN = "/usr/local/cuda-11.8", "/opt/gpuwright/cudnn-8"


def test_tarballs_become_one_toolkit_with_its_own_compiler(fleet: Fleet) -> None:
    def said(command: str) -> str:
        done = fleet.hosts["noble"].run(command)
        assert done.returncode == 0, done.stderr
        return str(done.stdout).strip()

    assert "V11.8.89" in said(f"{CUDA}/bin/nvcc --version")
    assert said(f"readlink {CUDA}/lib64 {CUDA}/host-compiler/g++").split() == [
        "lib",
        "/usr/bin/g++-11",
    ]
    assert said(f"grep -c host-compiler {CUDA}/bin/nvcc.profile") == "1"
    assert "CUDNN_PATCHLEVEL 7" in said(f"cat {CUDNN}/include/cudnn_version.h")
    assert said(f"ls {CUDA}/LICENSE.* | wc -l") == str(len(_components("compile", "runtime")))
    assert f"{CUDA}.new" not in said("ls -d /usr/local/*")


def _components(*roles: str) -> list[str]:
    files = resolution.catalog().cuda.redist["11.8"].files["x86_64"]
    return [name for name, file in files.items() if file.role in roles]

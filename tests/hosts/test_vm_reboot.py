"""Whole runs on a machine with a kernel of its own, which reboot it and go on to their verdict.

The host is converged natively, in a container, and its disk given to the machine: what is left to
do there is what needs a kernel. The driver is the stand-in of NVIDIA's double; Docker, GRUB,
systemd and the reboots are real.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.doubles.toolkit import ToolkitDouble
from sandbox.faults.driver import VERSION
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import machine as machines
from tests.hosts import nvidia_rows, runner
from tests.hosts.lab import Lab, Run
from tests.hosts.machine import boot_id, said

CONTAINER_HOST = "deploys/container_host.py"
MAKER, NAME = "grown", "rebooted"
STEP = "Reboot, where nothing else helps"
# What shows a loaded driver in a container has no place in a machine, whose kernel loads one.
PREPARE = """\
set -e
rm -f /etc/systemd/system/gpuwright-sandbox-driver.* \
    /etc/systemd/system/*.wants/gpuwright-sandbox-driver.* \
    /etc/systemd/system/gpuwright-sandbox-network.* \
    /etc/systemd/system/*.wants/gpuwright-sandbox-network.*
mkdir /srv/nouveau
cd /srv/nouveau
printf '#include <linux/module.h>\\nMODULE_LICENSE("GPL");\\n' >nouveau.c
echo 'obj-m := nouveau.o' >Kbuild
kernel=$(ls /lib/modules)
make -s -C "/lib/modules/$kernel/build" M="$PWD" modules
"""
UNLOADED = "systemctl stop nvidia-persistenced nvidia-fabricmanager; modprobe -r nvidia_uvm nvidia"


@dataclass(frozen=True)
class Machine:
    """The machine, and the data that its inventory has."""

    host: SandboxHost
    folder: Path
    data: dict[str, Any]

    def run(self, *words: str, deploy: str, **data: Any) -> Run:
        """Run a deploy."""
        inventory = runner.inventory(self.folder, **{NAME: {**self.data, **data}})
        return Lab(self.host, inventory).pyinfra(*words or ("-y",), deploy=deploy)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Debian 12 with eight simulated GPUs and NVSwitch, converged by both deploys."""
    if why := machines.lacking():
        pytest.skip(why)
    try:
        toolkit = ToolkitDouble().reset()
    except SandboxError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp(NAME)
    double = DeviceDouble("debian12", MAKER).reset()
    gpus = ("h100",) * 8
    maker = hosts.up(HostSpec(MAKER, gpus=gpus, engines=True), fresh=True)
    asked: dict[str, Any] = {"driver_origin": "nvidia", "driver_version": VERSION}
    data = nvidia_rows.host_data(maker, double, without=["cuda", "torch"], **asked)
    for key, value in toolkit.host_data(maker.mirror_url or "").items():
        data[key] = {**data.get(key, {}), **value}
    lab = Lab(maker, runner.inventory(folder, **{MAKER: data}))
    for deploy in (CONTAINER_HOST, runner.GPU_HOST):
        made = lab.pyinfra("-y", deploy=deploy)
        assert made.code == 0, made.told
    said(maker, PREPARE)
    maker.kill()
    host = hosts.up(HostSpec(NAME, gpus=gpus, vm=True, disk_of=MAKER), fresh=True)
    maker.down()
    reached = {**data, **runner.host_data(host), "mirrors": data["mirrors"], **asked}
    yield Machine(host, folder, reached)
    host.down()


def test_gpu_host_reboots_nouveau_away_and_ends_with_a_verdict(machine: Machine) -> None:
    """What the deploy brings to a machine whose cards another module holds, and how it goes on."""
    host, gpu = machine.host, runner.GPU_HOST
    said(host, f"{UNLOADED}; insmod /srv/nouveau/nouveau.ko")
    host.run("setsid script -qc 'sleep 9999' /dev/null >/dev/null 2>&1 </dev/null &")
    before = boot_id(host)
    refused = machine.run(deploy=gpu, reboot="if-needed")
    assert boot_id(host) == before
    assert "not rebooted (D8: " in refused.told and "root is logged in (pts/" in refused.told
    said(host, "pkill -x sleep")
    run = machine.run(deploy=gpu, reboot="if-needed")
    assert run.code == 0, run.told
    assert STEP in run.changed(NAME)
    assert boot_id(host) not in ("", before)
    assert f"{NAME}: verdict OK, proof: cuda-call (8 " in run.report, run.report
    assert said(host, "systemctl is-active nvidia-fabricmanager") == "active"
    again = machine.run(deploy=gpu, reboot="if-needed")
    assert (again.code, again.changed(NAME)) == (0, set()), again.told

"""Fresh hosts that become container hosts: real Docker, NVIDIA's real toolkit, simulated GPUs.

The toolkit's programs are NVIDIA's, built with Go from their released modules; where that cannot be
done, the tests are skipped and say why. The driver is a double whose GPUs are device files.
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
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.images import base_image
from sandbox.local import prepare
from tests.hosts import difference, runner
from tests.hosts.difference import Look
from tests.hosts.lab import Lab, Run

DEPLOY = "deploys/container_host.py"
IMAGE = "debian:bookworm-slim"
GPU = "NVIDIA H100 80GB HBM3"


@dataclass(frozen=True)
class ContainerHost:
    """A host, the data that its inventory has, the runs that made it a container host, and what it
    had before them.
    """

    host: SandboxHost
    folder: Path
    double: DeviceDouble
    data: dict[str, Any]
    predicted: Run
    first: Run
    before: Look

    def lab(self, **data: Any) -> Lab:
        """An inventory of the host, with ``data`` laid over its own."""
        rows = {self.host.name: {**self.data, **data}}
        return Lab(self.host, runner.inventory(self.folder, **rows))

    def run(self, *words: str, **data: Any) -> Run:
        """Run the deploy."""
        return self.lab(**data).pyinfra(*words or ("-y",), deploy=DEPLOY)

    def on(self, command: str) -> str:
        """Standard output of a command on the host, which must succeed."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def gpus(self, words: str) -> list[str]:
        """What a new container that asks by these words of ``docker run`` lists."""
        return self.on(f"docker run --rm {words} {IMAGE} nvidia-smi -L").splitlines()


def made(
    name: str, os_name: str, folder: Path, *withheld: str, **data: Any
) -> Iterator[ContainerHost]:
    """A fresh host, made a container host; its image for proofs is there afterwards.

    ``withheld`` driver releases are not published yet.
    """
    try:
        prepare.check()
        toolkit = ToolkitDouble().reset()
    except SandboxError as error:
        pytest.skip(str(error))
    double = DeviceDouble(os_name.replace("-", ""), name).reset()
    double.withdraw(*withheld)
    host = hosts.up(HostSpec(name, os=os_name, gpus=("h100",) * 2, engines=True), fresh=True)
    assert host.mirror_url
    whole = runner.host_data(host, stack="pytorch-2.9", driver_origin="nvidia", **data)
    for each in (toolkit, double):
        for key, value in each.host_data(host.mirror_url).items():
            whole[key] = {**whole.get(key, {}), **value}
    before = difference.look(host)
    lab = Lab(host, runner.inventory(folder, **{name: whole}))
    predicted = lab.pyinfra("--dry", deploy=DEPLOY)
    first = lab.pyinfra("-y", deploy=DEPLOY)
    assert first.code == 0, first.told
    base_image.load(host)
    whole["proof_image"] = IMAGE
    yield ContainerHost(host, folder, double, whole, predicted, first, before)
    host.down()

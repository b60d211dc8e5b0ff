"""One fresh host that gets all there is for containers, by one command, once per session.

Two people get workspaces on it, from the image with PyTorch that it builds itself. NVIDIA's
container toolkit is the real one, built with Go from its released modules; the driver is a double
whose GPUs are device files. `test_image` and `test_workspace` follow each other on it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SandboxError
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.doubles.toolkit import ToolkitDouble
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.images import base_image
from tests.hosts import onlooker, runner
from tests.hosts.lab import Lab, Made, Run

NAME = "site"
CONTAINER_HOST, IMAGE, WORKSPACE = (
    f"deploys/{name}.py" for name in ("container_host", "image", "workspace")
)
ALL = f"{CONTAINER_HOST} {IMAGE} {WORKSPACE}"
FOLDER = "/var/lib/gpuwright/workspaces"


def users(key: str) -> list[dict[str, Any]]:
    """What is asked for: Alice has everything, Bob the least."""
    return [
        {"user": "alice", "gpus": 1, "ssh_key": key, "tensorboard_port": 6006},
        {"user": "bob", "port": 8889, "gpus": 1, "shm": "64m"},
    ]


@dataclass
class Site:
    """The host, what is asked of it, and all that runs have said."""

    host: SandboxHost
    folder: Path
    data: dict[str, Any]
    key: Path
    runs: Made = field(init=False)
    """Of all three deploys in one command."""
    seen: onlooker.Seen = field(init=False)
    """What an ordinary account saw of the mirrors' password during the first of them."""
    said: list[str] = field(default_factory=list)

    @property
    def alice(self) -> list[dict[str, Any]]:
        """What is asked for where Bob's workspace is left as it is."""
        return [self.data["workspaces"][0]]

    def run(self, *words: str, deploy: str = WORKSPACE, **data: Any) -> Run:
        """Run a deploy with host data laid over the site's."""
        run = self.lab(**data).pyinfra(*(words or ("-y",)), deploy=deploy)
        self.said += [run.told, str(run.answer)]
        return run

    def lab(self, **data: Any) -> Lab:
        """The host, with an inventory that has ``data`` laid over the site's."""
        told = runner.host_data(self.host, **{**self.data, **data})
        return Lab(self.host, runner.inventory(self.folder, **{NAME: told}))

    def on_host(self, command: str, user: str = "root") -> str:
        """Run a command on the host, which must succeed; give what it printed."""
        done = self.host.run(command if user == "root" else f"runuser -u {user} -- {command}")
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def token(self, user: str) -> str:
        """The token of a workspace."""
        return self.on_host(f"cat {FOLDER}/{user}/secrets/jupyter_token")

    def until(self, look: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        runner.until(look, what, limit_s=120, every_s=0.5)


@pytest.fixture(scope="session")
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """The site, after it was made and made again.

    After a failed test it is left running for a look: ``python -m sandbox ssh site``.
    """
    try:
        doubles = DeviceDouble("debian12", NAME).reset(), ToolkitDouble().reset()
    except SandboxError as error:
        pytest.skip(f"NVIDIA's container toolkit cannot be built: {error}")
    host = hosts.up(HostSpec(NAME, gpus=("h100", "h100"), engines=True), fresh=True)
    folder = tmp_path_factory.mktemp(NAME)
    key = folder / "id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    assert host.mirror_url is not None
    base_image.publish(host)
    data: dict[str, Any] = {
        "stack": "pytorch-2.9",
        "driver_origin": "nvidia",
        # The system's CUDA in the image has a test of its own; without it 20 GB stay free.
        "image_cuda": "none",
        "docker_registry_mirrors": [host.mirror_url],
        "workspaces": users(f"{key}.pub"),
        # Root of a host in a container may not raise this limit.
        "workspace_memlock": "8m",
        "mirrors": dict(runner.host_data(host)["mirrors"]),
        "fingerprints": {},
    }
    for double in doubles:
        for name, said in double.host_data(host.mirror_url).items():
            data[name] = {**data[name], **said}
    data["mirrors"] = {kind: onlooker.with_login(url) for kind, url in data["mirrors"].items()}
    made = Site(host, folder, data, key)
    made.on_host("useradd -m -s /bin/bash -u 1201 alice; useradd -m -s /bin/bash -u 1202 bob")
    with onlooker.watched(host) as made.seen:
        predicted = made.run("--dry", deploy=ALL)
        first = made.run("-y", deploy=ALL)
    assert first.code == 0, first.told
    made.runs = Made(predicted, first, made.run("-y", deploy=ALL))
    yield made
    if not request.session.testsfailed:
        host.down()

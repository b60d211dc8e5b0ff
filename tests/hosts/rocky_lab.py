"""Hosts that present as Rocky Linux, with a double of NVIDIA's dnf repository."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox import hosts
from sandbox.doubles.nvidia_dnf import DnfDouble
from sandbox.hosts import HostSpec, SandboxHost
from stacks.model.support import Part
from tests.hosts import difference, runner
from tests.hosts.difference import Look
from tests.hosts.lab import Lab, Run

WITHOUT = ["torch", "cudnn"]
"""Both come as wheels of gigabytes: Rocky 9 gets them by its first runs, and later ones pass over
them."""
CUDA: dict[Part, str] = {"cuda": "11.8 nvidia compile"}
OLD, NEW = "580.159.04", "580.178.04"


@dataclass(frozen=True)
class Rocky:
    """A host, the double that it takes for NVIDIA's repository, a folder for inventories, and what
    the host had before it met us.
    """

    host: SandboxHost
    double: DnfDouble
    folder: Path
    before: Look

    def data(self, **more: Any) -> dict[str, Any]:
        """Host data for a run."""
        theirs = self.double.host_data(self.host.mirror_url or "")
        return {"without": WITHOUT, **theirs, **more}

    def lab(self, **more: Any) -> Lab:
        """The host, with an inventory that says so."""
        data = runner.host_data(self.host, **self.data(**more))
        return Lab(self.host, runner.inventory(self.folder, **{self.host.name: data}))

    def run(self, *words: str, **more: Any) -> Run:
        """Run ``deploys/gpu_host.py``: really, or as ``words`` say."""
        return self.lab(**more).pyinfra(*(words or ("-y",)))

    def sh(self, command: str) -> str:
        """Run a shell command on the host, which must succeed; gives its standard output."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def state(self) -> HostState:
        """The host as the probe sees it."""
        return parse_host(self.host.run(probe_command()).stdout.splitlines())

    def versions(self) -> dict[str, str]:
        """Versions of the driver's packages."""
        told = self.sh("rpm -qa --qf '%{NAME} %{VERSION}\\n' '*nvidia*'")
        return dict(line.split() for line in told.splitlines())


def rocky(release: str, gpu: str, folder: Path) -> Iterator[Rocky]:
    double = DnfDouble(f"rhel{release}", f"rocky{release}").reset()
    host = hosts.up(HostSpec(f"rocky{release}", f"rocky-{release}", gpus=(gpu,)), fresh=True)
    yield Rocky(host, double, folder, difference.look(host))
    double.reset()
    host.down()


def wait_for(one: Rocky, words: str, file: str, fill: str = "") -> None:
    """Wait until a file on the host holds these words; ``fill`` is shell that prints it again."""
    path = one.host.rootfs / file.lstrip("/")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if fill:
            one.sh(f"{fill} >/{file.lstrip('/')}")
        if path.exists() and words in path.read_text(errors="replace"):
            return
        time.sleep(0.5 if fill else 0.02)
    raise AssertionError(f"{file} never said {words!r}")


class untouched:  # noqa: N801
    """The host is after the block as it was before it: packages, repositories, streams, files."""

    LOOK = (
        "rpm -qa | sort; find /etc /opt /usr/local /var/lib/gpuwright /usr/src -xdev "
        "-printf '%p %y %s %C@ %l\\n' 2>/dev/null | sort"
    )

    def __init__(self, one: Rocky) -> None:
        self.one = one

    def __enter__(self) -> None:
        self.before = self.one.sh(self.LOOK)

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            assert self.one.sh(self.LOOK) == self.before

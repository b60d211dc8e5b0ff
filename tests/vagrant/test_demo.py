"""`make vagrant-demo` for real: Vagrant, libvirt, QEMU, a box of ours, and the main deploy.

The driver comes from the double of NVIDIA's repository, and CUDA and torch are left out: an
emulated processor would unpack them for an hour. apt asks through the sandbox's download cache.
Nothing else is simulated: the machine, its kernel, apt, dpkg, DKMS and ssh are real.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.checkout import SOURCE, SandboxError, lock
from sandbox.commands import succeeds
from sandbox.doubles.nvidia import AptDouble
from sandbox.local import network, prepare
from sandbox.mirror import control as mirror
from sandbox.roots import build
from sandbox.vm import machine as vm
from tests.hosts.lab import Run
from vagrant import box

HOST = "@vagrant/gpu1"
OPTIONS = SOURCE / "@vagrant.json"
"""A person's own, which git ignores; it comes before the one beside the Vagrantfile."""


def lacking() -> str:
    """What this machine lacks for Vagrant's machines; empty if nothing."""
    try:
        prepare.check()
        vm.prepare()
        vm.check()
    except SandboxError as error:
        return str(error)
    if not any(Path(folder, "vagrant").is_file() for folder in os.get_exec_path()):
        return "Vagrant is missing: apt-get install vagrant vagrant-libvirt libvirt-daemon-system"
    if not succeeds(["virsh", "--connect", "qemu:///system", "list"]):
        return (
            "libvirt does not answer: systemctl start libvirtd; without systemd: virtlogd -d; "
            "libvirtd -d"
        )
    if OPTIONS.exists():
        return f"{OPTIONS} is somebody's own, and this test would write it"
    return ""


pytestmark = pytest.mark.skipif(bool(why := lacking()), reason=why or "Vagrant and libvirt answer")


@dataclass(frozen=True)
class Machine:
    """gpu1, and the environment in which Vagrant and pyinfra are run."""

    environment: dict[str, str]

    def vagrant(self, *words: str) -> str:
        """One command of Vagrant's, which must succeed; its output without progress bars."""
        print(f"\n== vagrant {' '.join(words)}", flush=True)
        done = self._run(["vagrant", *words], stderr=subprocess.STDOUT)
        said = re.sub(r"\x1b\[\w*|Progress: \d+%\r?", "", done.stdout)
        print(said, flush=True)
        assert done.returncode == 0, said
        return said

    def pyinfra(self, *words: str, hosts: str = HOST) -> Run:
        """The main deploy on these hosts."""
        started = time.monotonic()
        argv = [sys.executable, "-m", "pyinfra", "--json", *words, hosts, "deploys/gpu_host.py"]
        done = self._run(argv, stderr=subprocess.PIPE)
        took = time.monotonic() - started
        print(f"\n== pyinfra {' '.join(words)} {hosts}: {took:.0f} s\n{done.stderr}", flush=True)
        return Run(done.returncode, done.stderr, json.loads(done.stdout) if done.stdout else {})

    def check(self) -> list[str]:
        """What `python -m vagrant` prints."""
        return self._run([sys.executable, "-m", "vagrant"]).stdout.splitlines()

    def _run(self, argv: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=SOURCE,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            **how,
        )


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The download cache, at an address that the machine reaches through this one."""
    with lock("network"):
        network.mirror_address_on()
    yield mirror.start()
    mirror.stop()
    with lock("network"):
        network.mirror_address_off()


@pytest.fixture(scope="module")
def machine(url: str) -> Iterator[Machine]:
    """gpu1, up, its apt behind the cache."""
    assert box.main() == 0
    kernel = sorted(build.box_root(box.OS).glob("boot/vmlinuz-*"))[-1]
    made = Machine(
        {
            **os.environ,
            "VAGRANT_CWD": str(SOURCE / "vagrant"),
            "VAGRANT_CHECKPOINT_DISABLE": "1",
            "GPUWRIGHT_VAGRANT_BOX": box.NAME,
            "GPUWRIGHT_VAGRANT_ACCELERATOR": "kvm" if vm.kvm_works(kernel) else "tcg",
            "GPUWRIGHT_VAGRANT_CPUS": "2",
            "GPUWRIGHT_VAGRANT_MEMORY": "2G",
            "GPUWRIGHT_VAGRANT_DISK": "20G",
            "NO_COLOR": "1",
            "COLUMNS": "160",
        }
    )
    double = AptDouble("debian12").reset()
    data = {**double.host_data(url), "expected_gpus": "h100", "without": ["cuda", "torch"]}
    try:
        OPTIONS.write_text(json.dumps({"data": {"gpu1": data}}))
        made.vagrant("up", "gpu1", "--provider", "libvirt")
        line = f'Acquire::http::Proxy "{url}";'
        made.vagrant("ssh", "gpu1", "-c", f"echo '{line}' | sudo tee /etc/apt/apt.conf.d/90cache")
        yield made
    finally:
        with contextlib.suppress(AssertionError):
            made.vagrant("destroy", "--force", "gpu1")
        OPTIONS.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def runs(machine: Machine) -> tuple[Run, Run]:
    """Made a GPU host, and made so again."""
    return machine.pyinfra("-y"), machine.pyinfra("-y")


def test_machine_that_vagrant_brought_up_becomes_a_gpu_host(runs: tuple[Run, Run]) -> None:
    first = runs[0]
    assert first.code == 0, first.told
    assert first.changed(HOST)
    assert "proof: none" in first.report, first.told


def test_second_run_changes_nothing(runs: tuple[Run, Run]) -> None:
    second = runs[1]
    assert second.code == 0, second.told
    assert second.changed(HOST) == second.failed(HOST) == set()
    assert second.unchanged(HOST)


def test_check_names_the_machine_and_those_that_are_off(machine: Machine) -> None:
    said = machine.check()
    assert re.fullmatch(r"gpu1: vagrant at [\d.]+ port 22", said[0])
    assert "gpu2: not in a run: gpu2 was never brought up: vagrant up gpu2" in said
    assert said[-1] == f"pyinfra {HOST} deploys/gpu_host.py"


def test_machine_that_is_off_ends_the_run_for_no_other(
    runs: tuple[Run, Run], machine: Machine
) -> None:
    both = machine.pyinfra("--dry", hosts=f"@vagrant/gpu2,{HOST}")
    assert "left out: gpu2 was never brought up: vagrant up gpu2" in both.told
    assert "[@vagrant/gpu1] Connected" in both.told
    assert both.code == 1

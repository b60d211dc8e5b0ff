"""The sandbox host that is measured: how our tool reaches it, what it is, what is on it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.results import CHECKOUT
from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox import hosts
from sandbox.checkout import STATE, SandboxError
from sandbox.hosts import HostSpec, SandboxHost
from sandbox.inventory import host_data
from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.plan import Plan
from stacks.requests import with_requests
from stacks.resolve import resolve
from tasks.host.profile import profile_of

FOLDER = STATE / "bench"
STACK = "pytorch-2.9"
DEPLOY = "deploys/gpu_host.py"


class BenchError(Exception):
    """A benchmark cannot be run, or what it measured is not what it claims to be."""


def spec(name: str) -> HostSpec:
    """A Debian 12 host with one simulated H100, behind the shared download cache."""
    return HostSpec(name, "debian-12", ("h100",), own_builds=True)


@contextlib.contextmanager
def fresh(name: str, keep: bool = False) -> Iterator[SandboxHost]:
    """A host that was never used, taken down at the end unless ``keep`` is set."""
    host = hosts.up(spec(name), fresh=True)
    try:
        yield host
    finally:
        if not keep:
            host.down()


def inventory(host: SandboxHost, port: int | None = None, known: Path | None = None) -> Path:
    """Write a plain pyinfra inventory, as a user has one, with this host only."""
    data = host_data(host) | {"stack": STACK}
    if port is not None and known is not None:  # a counter stands before sshd
        data |= {"ssh_port": port, "ssh_known_hosts_file": str(known)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = FOLDER / f"inventory_{host.name.replace('-', '_')}.py"
    file.write_text(f"bench = [({host.name!r}, {data!r})]\n")
    return file


def pyinfra_argv(*words: str) -> list[str]:
    """The command line of our own pyinfra, without questions."""
    return [str(Path(sys.executable).with_name("pyinfra")), "-y", *words]


def environment() -> dict[str, str]:
    """Our own, but as users have it: Python keeps the bytecode that it compiles."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def compiled() -> None:
    """Compile the installed libraries, as pip does when it installs them; uv does not."""
    folder = sysconfig.get_path("purelib")
    run([sys.executable, "-m", "compileall", "-q", "-q", folder])


def run(argv: Sequence[str], text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the checkout with ``text`` as its input; all its output as ``stdout``."""
    return subprocess.run(
        argv,
        cwd=CHECKOUT,
        env=environment(),
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def observe(host: SandboxHost) -> HostState:
    """What our own probe reports of the host."""
    return parse_host(output(host, probe_command()).splitlines())


def plan_for(host: SandboxHost, state: HostState) -> Plan:
    """The plan that our run makes for this host.

    Raises:
        BenchError: The stack does not fit the host.
    """
    said = host_data(host)
    profile = profile_of(state, mirrors=said["mirrors"])
    stack = with_requests(load_stack(STACK), {"driver_origin": said.get("driver_origin")})
    answer = resolve(stack, profile, load_catalog())
    if answer.plan is None:
        codes = ", ".join(c.code for c in answer.conflicts)
        raise BenchError(f"no plan for {host.name}: {codes}")
    return answer.plan


def output(host: SandboxHost, script: str) -> str:
    """Standard output of a shell script on the host.

    Raises:
        BenchError: The script fails.
    """
    done = subprocess.run(
        host.ssh_argv("sh -s"), input=script, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise BenchError(f"{host.name}: a command ended with {done.returncode}: {said}")
    return done.stdout


def find(name: str) -> SandboxHost:
    """The running host called ``name``.

    Raises:
        BenchError: There is none.
    """
    try:
        return hosts.get(name)
    except SandboxError as error:
        raise BenchError(str(error)) from None


_INVENTORY = r"""
dpkg-query -W -f '${db:Status-Abbrev}package ${Package}=${Version}\n' |
  sed -n 's/^[ih]i package /package /p'
dpkg-query -W -f '${Installed-Size}\n' | awk '{ s += $1 } END { print "size", int(s / 1024) }'
dkms status 2>/dev/null | sed 's/^/module /'
for file in /boot/vmlinuz-*; do echo "kernel ${file#/boot/vmlinuz-}"; done
echo "nvcc $(nvcc --version 2>/dev/null | sed -n 's/.*release.*, //p')"
for python in /opt/gpuwright/current/bin/python /opt/torch/bin/python; do
  [ ! -x $python ] || $python -I -c 'import torch, torch.backends.cudnn as c
print("torch", torch.__version__, "CUDA", torch.version.cuda, "cuDNN", c.version())'
done
for folder in /opt/gpuwright/cudnn-8 /opt/cudnn; do
  [ ! -e $folder/include/cudnn_version.h ] || awk '
    /define CUDNN_(MAJOR|MINOR|PATCHLEVEL) / { v = v d $3; d = "." } END { print "cudnn", v }
  ' $folder/include/cudnn_version.h
done
awk '$1 != "lo:" && NF > 9 { s += $2 } END { print "received", int(s / 1048576) }' /proc/net/dev
echo "apt-cache $(du -sm /var/cache/apt/archives | cut -f1)"
"""


def installed(host: SandboxHost) -> dict[str, Any]:
    """What is on the host after a run: versions, packages, MB received and MB on its disk."""
    found: dict[str, list[str]] = {}
    for line in output(host, _INVENTORY).splitlines():
        key, _, rest = line.partition(" ")
        found.setdefault(key, []).append(rest.strip())
    first = {key: values[0] for key, values in found.items()}
    disk = subprocess.run(
        ["du", "-sm", str(host.rootfs.parent / "disk" / "upper")], capture_output=True, text=True
    )
    return {
        "packages": sorted(found.get("package", [])),
        "packages_mb": int(first.get("size", 0)),
        "modules": found.get("module", []),
        "kernels": found.get("kernel", []),
        "nvcc": first.get("nvcc", ""),
        "torch": first.get("torch", ""),
        "cudnn": first.get("cudnn", ""),
        "received_mb": int(first.get("received", 0)),
        "apt_cache_mb": int(first.get("apt-cache", 0)),
        "disk_mb": int(disk.stdout.split()[0]) if disk.returncode == 0 else None,
    }

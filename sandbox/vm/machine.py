"""One host's virtual machine: its disk, what is put into it, start, snapshots.

QEMU runs inside the host's network namespace and carries the guest's connections itself (user
networking), so that address, route, rate limit, offline and the mirror's faults are those of any
other host. It runs with hardware help where that really works, else with emulation.
"""

import json
import os
import shlex
import shutil
import socket
import tarfile
from pathlib import Path
from typing import Any

from sandbox import pcibus
from sandbox.checkout import STATE, SandboxError, read_record, write_record
from sandbox.commands import run
from sandbox.local import cgroups, network
from sandbox.local.prepare import install
from sandbox.local.processes import Process, spawn
from sandbox.spec import HostSpec
from sandbox.vm import trial

_CODE, _VARIABLES = "/usr/share/OVMF/OVMF_CODE_4M.ms.fd", "/usr/share/OVMF/OVMF_VARS_4M.ms.fd"
"""UEFI for Secure Boot, and its variables with Microsoft's keys in them (Debian's package ovmf)."""
_NEEDS = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mke2fs": "e2fsprogs",
    "nsenter": "util-linux",
    "sfdisk": "fdisk",
    "mcopy": "mtools",
    _VARIABLES: "ovmf",
}
_KVM = STATE / "kvm.json"
_KVM_PROCESSOR = ("-accel", "kvm", "-cpu", "host", "-smp", "2")
# What an emulated processor has is emulated: a plain one boots in two thirds of the time that one
# with all that QEMU knows takes, and two of them spend it waiting for each other.
_EMULATED_PROCESSOR = ("-accel", "tcg", "-cpu", "Nehalem", "-smp", "1")
# Only code in system management mode may write the variables (OVMF's README, "SMM support").
_SECURE_BOOT = (
    *("-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on"),
    *("-drive", f"if=pflash,unit=0,format=raw,readonly=on,file={_CODE}"),
    *("-drive", "if=pflash,unit=1,format=qcow2,file=disk/variables.qcow2"),
)


def missing() -> list[str]:
    """The packages that virtual machines need and this machine lacks."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    lacking = {
        package
        for tool, package in _NEEDS.items()
        if not (shutil.which(tool, path=path) or Path(tool).is_file())
    }
    return sorted({*lacking, *trial.missing()})


def prepare() -> list[str]:
    """Install what is missing; give the packages.

    Raises:
        SandboxError: if it cannot be installed.

    """
    if lacking := missing():
        install(*lacking)
    return lacking


def check() -> None:
    """Raise `SandboxError`, naming what to do, if this machine cannot run virtual machines."""
    if lacking := missing():
        raise SandboxError(
            f"Virtual machines need {', '.join(lacking)}. `python -m sandbox prepare --vm` "
            "installs that on Debian and Ubuntu."
        )


def make_disk(folder: Path, image: Path, secure_boot: bool) -> None:
    """Give the host its disk, a layer of its own over the shared `image`, if it has none.

    With `secure_boot` its firmware's variables are such a layer too.
    """
    layers = {"disk.qcow2": image.resolve()}
    if secure_boot:
        layers["variables.qcow2"] = Path(_VARIABLES)
    for name, lower in layers.items():
        disk = folder / "disk" / name
        if disk.is_file():
            continue
        disk.parent.mkdir(parents=True, exist_ok=True)
        part = disk.with_name(f"{name}.part")
        # A path is absolute in the layer, so it may lie anywhere.
        run(*("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(lower)), str(part))
        part.rename(disk)


def staging(folder: Path) -> Path:
    """A tree for the files that the guest takes over at each boot, with its users' homes."""
    tree = folder / "root"
    for path in ("etc/ssh", "etc/apt/apt.conf.d", "root", "home/admin", "home/nosudo"):
        (tree / path).mkdir(parents=True, exist_ok=True)
    (tree / "etc/machine-id").write_text("kept by the machine itself\n")
    # The ids that useradd gives to the root images' two users, in their order.
    for number, user in enumerate(("admin", "nosudo"), 1000):
        os.chown(tree / "home" / user, number, number)
    return tree


def write_seed(folder: Path, tree: Path, gpus: tuple[str, ...]) -> None:
    """Pack what is in `tree`, and a simulated PCI bus with `gpus`, as the guest's second disk."""
    bus = tree / "run/gpuwright-sandbox/pci"
    shutil.rmtree(bus, ignore_errors=True)
    bus.mkdir(parents=True)
    pcibus.write(bus, gpus)
    part = folder / "seed.part"
    with tarfile.open(part, "w") as archive:
        for path in sorted(tree.rglob("*")):
            name = str(path.relative_to(tree))
            # Folders that the guest has keep their owners and modes; its machine id is its own.
            ours = path.is_file() or path.name == ".ssh" or path.is_relative_to(bus)
            if ours and name != "etc/machine-id":
                archive.add(path, name, recursive=False)
    part.rename(folder / "seed.tar")


def start(
    folder: Path, spec: HostSpec, address: str, kernel: Path | None, snapshot: str = ""
) -> Process:
    """Switch the host that `spec` describes on, or wake it up in `snapshot`, and give its process.

    Args:
        folder: The host's folder, with its disk and seed in it.
        spec: What it should be like.
        address: Where the guest's sshd is to answer, at port 22 of the host's namespace.
        kernel: A kernel image to try hardware help with; without one it is not tried.
        snapshot: A state that `snapshot` saved; empty for a cold start.

    """
    processor = _KVM_PROCESSOR if kernel and kvm_works(kernel) else _EMULATED_PROCESSOR
    name = spec.name
    (folder / "monitor").unlink(missing_ok=True)
    argv = [
        *("nsenter", f"--net=/run/netns/{network.namespace(name)}", "qemu-system-x86_64"),
        *(*processor, "-m", str(spec.memory_mib)),
        *(_SECURE_BOOT if spec.secure_boot else ()),
        *("-name", name, "-nodefaults", "-display", "none", "-vga", "none"),
        *("-serial", "stdio", "-qmp", "unix:monitor,server=on,wait=off"),
        # What the guest synced has left QEMU, so it is there after a power cut; that this machine
        # writes it to its own disk at once is not waited for.
        *("-drive", "file=disk/disk.qcow2,format=qcow2,if=none,id=disk,cache=unsafe"),
        *("-device", "virtio-blk-pci,drive=disk,bootindex=0"),
        *("-drive", "file=seed.tar,format=raw,if=none,readonly=on,id=seed"),
        *("-device", "virtio-blk-pci,drive=seed,serial=gpuwright"),
        *("-netdev", f"user,id=net,ipv6=off,hostfwd=tcp:{address}:22-:22"),
        *("-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"),
        *(("-loadvm", snapshot) if snapshot else ()),
    ]
    # 0 stands for the process that writes: the shell, which becomes QEMU.
    join = "".join(f"echo 0 > {shlex.quote(str(file))}; " for file in cgroups.make(name))
    command = f"{join}exec {shlex.join(argv)}"
    return spawn(f"host:{name}", ["sh", "-c", command], folder / "console.log", cwd=folder)


def snapshot(folder: Path, name: str) -> None:
    """Save the running machine, memory and disk, as the state called `name`.

    Raises:
        SandboxError: if QEMU does not run or refuses.

    """
    if said := _monitor(folder, f"savevm {name}"):
        raise SandboxError(f"QEMU cannot save a state: {said}")


def snapshots(folder: Path) -> list[str]:
    """The states that were saved, oldest first; the machine may run."""
    disk = folder / "disk" / "disk.qcow2"
    if not disk.is_file():
        return []
    about = json.loads(run("qemu-img", "info", "--force-share", "--output=json", str(disk)))
    return [row["name"] for row in about.get("snapshots", [])]


def kvm_works(kernel: Path) -> bool:
    """Whether QEMU with KVM boots `kernel` here: /dev/kvm alone says little.

    It is tried once per boot of this machine, at most 20 s, where the device exists.
    """
    if not Path("/dev/kvm").exists():
        return False
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    record = read_record(_KVM)
    if not record or record["boot"] != boot:
        trial.prepare()
        try:
            words = trial.after_loading(
                kernel, (), ("echo it works",), accelerator="kvm", limit_s=20
            )
        except SandboxError as error:
            words = str(error)
        record = {"boot": boot, "works": words == "it works", "said": words[-400:]}
        write_record(_KVM, record)
    return bool(record["works"])


def _monitor(folder: Path, command: str) -> str:
    """What QEMU's monitor answers to one command, "" if it has nothing to say."""
    place = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as channel:
            channel.settimeout(120)
            # A socket's path may have 107 characters; the way over the open folder is short.
            channel.connect(f"/proc/self/fd/{place}/monitor")
            with channel.makefile("rw") as stream:
                stream.readline()
                _execute(stream, "qmp_capabilities", {})
                return _execute(stream, "human-monitor-command", {"command-line": command}).strip()
    except OSError as error:
        raise SandboxError(f"QEMU's monitor does not answer: {error}") from None
    finally:
        os.close(place)


def _execute(stream: Any, command: str, arguments: dict[str, str]) -> str:
    stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "error" in answer:
            raise SandboxError(f"QEMU: {answer['error']['desc']}")
        if "return" in answer:
            return str(answer["return"] or "")
    raise SandboxError("QEMU ended while it was asked.")

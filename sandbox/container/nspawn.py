"""The container of one host: its disk mounted, its start, and what a killed one leaves."""

import contextlib
import shlex
from pathlib import Path

from sandbox import pcibus
from sandbox.checkout import MARK, SandboxError
from sandbox.commands import run, succeeds
from sandbox.container import builds, engines
from sandbox.doubles.jetson import FIRMWARE
from sandbox.local import cgroups, network
from sandbox.local.mounts import mounts
from sandbox.local.processes import Process, spawn
from sandbox.spec import HostSpec

_NSPAWN = Path("/run/systemd/nspawn")


def mount(folder: Path, lower: Path) -> Path:
    """Mount a host's disk, its own upper layer on the shared root `lower`; give the mount point.

    It is volatile (kernel 5.10, Documentation/filesystems/overlayfs, "Volatile mount"): programs do
    not wait for this machine's disk, which was three fifths of what an installation takes, as dpkg
    syncs every file. A host that is killed loses nothing of it: the kernel that has what was
    written is this machine's. nspawn's own `--suppress-sync` refuses files that are opened with
    O_SYNC, as containerd does.

    Raises:
        SandboxError: if the path holds a character that overlayfs gives a meaning.

    """
    target = folder / "root"
    if str(target) in mounts():
        return target
    if any(char in str(folder) for char in ":,\\"):
        raise SandboxError(
            f"overlayfs cannot use a path with a colon, comma or backslash: {folder}"
        )
    upper, work = folder / "disk" / "upper", folder / "disk" / "work"
    for each in (upper, work, target):
        each.mkdir(parents=True, exist_ok=True)
    # The mark of a volatile mount stays, to warn of what a crash of this machine may have lost.
    run("rm", "-rf", str(work / "work/incompat/volatile"))
    layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mounted = ("mount", "-t", "overlay", "overlay", str(target), "-o")
    if not succeeds([*mounted, f"{layers},volatile"]):
        run(*mounted, layers)
    return target


def start(folder: Path, root: Path, spec: HostSpec) -> Process:
    """Boot the container of a host in its network namespace and give its supervisor."""
    name = spec.name
    bus = folder / "pci"
    if not bus.is_dir():
        part = folder / "pci.part"
        run("rm", "-rf", str(part))
        part.mkdir()
        pcibus.write(part, spec.gpus)
        part.rename(bus)
    nspawn = [
        *("systemd-nspawn", "--quiet", "--boot", f"--directory={root}"),
        f"--machine={MARK}-{name}",
        f"--hostname={name}",
        # PID 1 of this machine need not be systemd, and machined need not run.
        *("--register=no", "--keep-unit"),
        f"--network-namespace-path=/run/netns/{network.namespace(name)}",
        *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
        f"--bind-ro={bus}:/sys/bus/pci/devices",
        # A server may change its own network, firewall included; the namespace is its own.
        "--capability=CAP_NET_ADMIN",
    ]
    firmware = root / FIRMWARE.lstrip("/")
    if firmware.is_dir():
        nspawn.append(f"--bind-ro={firmware}:/sys/firmware")
    if not spec.own_builds:
        builds.write(root)
        nspawn += builds.words()
    if spec.engines:
        nspawn += engines.words(folder)
    # 0 stands for the process that writes: the subshell, which becomes nspawn.
    join = "".join(f"echo 0 > {shlex.quote(str(file))}; " for file in cgroups.make(name))
    # Version 2 groups in the host whatever the machine has: systemd 256 and later want them.
    # Whether /tmp lies in memory is the distribution's choice, not nspawn's.
    settings = "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_NSPAWN_TMPFS_TMP=0"
    # nspawn ends with 133 when the host reboots, for whoever started it to start it again.
    command = (
        f"while ({join}export {settings}; exec {shlex.join(nspawn)}); [ $? = 133 ]; do :; done"
    )
    return spawn(f"host:{name}", ["sh", "-c", command], folder / "console.log")


def remove_traces(name: str, folder: Path) -> None:
    """Remove what a killed nspawn leaves in /run: an empty folder, and its lock on the root."""
    with contextlib.suppress(OSError):
        (_NSPAWN / "propagate" / f"{MARK}-{name}").rmdir()
    with contextlib.suppress(OSError):
        root = (folder / "root").stat()
        (_NSPAWN / "locks" / f"inode-{root.st_dev:x}:{root.st_ino}").unlink()


def traces() -> list[str]:
    """Names of hosts whose nspawn left a folder behind."""
    found = (_NSPAWN / "propagate").glob(f"{MARK}-*")
    return sorted(path.name.removeprefix(f"{MARK}-") for path in found)

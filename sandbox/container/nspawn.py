"""One host's disk and its container: mount, files, start, stop."""

import contextlib
import functools
import os
import shlex
import uuid
from pathlib import Path

from sandbox import pcibus
from sandbox.checkout import MARK, SandboxError
from sandbox.commands import run, succeeds
from sandbox.container import engines
from sandbox.doubles.jetson import FIRMWARE
from sandbox.local import cgroups, network
from sandbox.local.mounts import mounts
from sandbox.local.processes import Process, marked, spawn
from sandbox.local.sources import date_settings
from sandbox.local.ssh import client_key, install_host_key
from sandbox.spec import HostSpec

_NSPAWN = Path("/run/systemd/nspawn")


def mount(folder: Path, lower: Path) -> Path:
    """Mount a host's disk, its own upper layer on the shared root `lower`; give the mount point.

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
    layers = f"lowerdir={lower},upperdir={upper},workdir={work}"
    run("mount", "-t", "overlay", "-o", layers, "overlay", str(target))
    return target


def unmount(folder: Path) -> None:
    """Unmount everything below `folder`, innermost first."""
    for place in reversed(mounts()):
        if Path(place).is_relative_to(folder) and not succeeds(["umount", place]):
            # Somebody looks at a file there: the mount goes when they are done.
            run("umount", "--lazy", place)


def write_identity(folder: Path, root: Path, name: str) -> str:
    """Give a host its name, machine id, keys and users' authorised key; give its public key."""
    etc = root / "etc"
    _replace(etc / "hostname", f"{name}\n")
    _replace(etc / "hosts", f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost\n")
    _replace(
        etc / "gpuwright-sandbox",
        "A throwaway host of gpuwright's sandbox. Its PCI bus is simulated.\n",
    )
    if not (etc / "machine-id").read_text().strip():
        _replace(etc / "machine-id", uuid.uuid4().hex + "\n")
    public = client_key().with_suffix(".pub").read_text()
    for home in ("root", "home/admin", "home/nosudo"):
        place = root / home / ".ssh"
        owner = (root / home).stat()
        place.mkdir(mode=0o700, exist_ok=True)
        _replace(place / "authorized_keys", public)
        for path in (place, place / "authorized_keys"):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return install_host_key(etc / "ssh", folder / "keys")


def write_network_files(root: Path, offline: bool, mirror_url: str | None) -> None:
    """Write the host's resolver and the addresses at which apt and pip find the mirror."""
    _replace(root / "etc/resolv.conf", "" if offline else _resolver())
    # Descriptions in another language are as many bytes to read as the packages themselves.
    apt = [*date_settings(), 'Acquire::Languages "none";']
    pip = root / "etc/pip.conf"
    if mirror_url:
        apt += [f'Acquire::http::Proxy "{mirror_url}";', 'Acquire::https::Proxy "DIRECT";']
        host = mirror_url.split("//")[1].split(":")[0]
        _replace(pip, f"[global]\nindex-url = {mirror_url}/simple\ntrusted-host = {host}\n")
    else:
        pip.unlink(missing_ok=True)
    _replace(root / "etc/apt/apt.conf.d/90sandbox", "".join(f"{line}\n" for line in apt))


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
        *_no_sync(),
        *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
        f"--bind-ro={bus}:/sys/bus/pci/devices",
        # A server may change its own network, firewall included; the namespace is its own.
        "--capability=CAP_NET_ADMIN",
    ]
    firmware = root / FIRMWARE.lstrip("/")
    if firmware.is_dir():
        nspawn.append(f"--bind-ro={firmware}:/sys/firmware")
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


@functools.cache
def _no_sync() -> list[str]:
    """Words that let the host's programs not wait for this machine's disk, where nspawn can.

    A host that is killed loses nothing that it wrote: this machine's kernel keeps it. Waiting is
    three fifths of what an installation takes: dpkg syncs every file. From systemd 250 on
    (systemd-nspawn(1), «--suppress-sync=»).
    """
    known = run("systemd-nspawn", "--help")
    return ["--suppress-sync=yes"] if "--suppress-sync" in known else []


def stop(name: str, folder: Path) -> None:
    """Cut the power: kill the container and the relay of host `name` at once."""
    # The supervisor first, or it would take the end of the container for a reboot.
    for what in (f"host:{name}", f"relay:{name}"):
        for process in list(marked(what)):
            process.kill()
    # Two ways to the container's processes, for the case that one was not yet made.
    cgroups.kill(name)
    network.kill_inhabitants(name)
    remove_traces(name, folder)


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


def _resolver() -> str:
    """The machine's resolver, not the stub that answers on its loopback only."""
    text = Path("/etc/resolv.conf").read_text()
    real = Path("/run/systemd/resolve/resolv.conf")
    return real.read_text() if "nameserver 127." in text and real.is_file() else text


def _replace(path: Path, text: str) -> None:
    # What is there may be a link to somewhere on this machine.
    path.unlink(missing_ok=True)
    path.write_text(text)

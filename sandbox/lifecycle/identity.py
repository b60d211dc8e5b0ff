"""What is written into a host before it starts: who it is, and where its network ends."""

import os
import uuid
from pathlib import Path

from sandbox.local.sources import date_settings
from sandbox.local.ssh import client_key, install_host_key


def write(folder: Path, root: Path, name: str) -> str:
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


def write_network(root: Path, offline: bool, mirror_url: str | None) -> None:
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


def _resolver() -> str:
    """The machine's resolver, not the stub that answers on its loopback only."""
    text = Path("/etc/resolv.conf").read_text()
    real = Path("/run/systemd/resolve/resolv.conf")
    return real.read_text() if "nameserver 127." in text and real.is_file() else text


def _replace(path: Path, text: str) -> None:
    # What is there may be a link to somewhere on this machine.
    path.unlink(missing_ok=True)
    path.write_text(text)

"""`python -m vagrant.box`: a libvirt box of Debian 12, for where no box can be fetched.

It is made from what the sandbox's hosts are made from, so all that it needs are Debian's packages.
A box for libvirt is an archive of `metadata.json`, a Vagrantfile and a qcow2 disk called `box.img`
(vagrant-libvirt's documentation, "Create Box"); its user is `vagrant`, with sudo without a password
and the key that every Vagrant has, which `vagrant up` replaces (Vagrant's documentation, "Creating
a Base Box").
"""

import json
import os
import sys
import tarfile
import tempfile
from pathlib import Path

from sandbox.checkout import STATE, SandboxError, lock
from sandbox.commands import run
from sandbox.local import prepare
from sandbox.roots import build
from sandbox.vm import disk as vm_disk
from sandbox.vm import image as vm_image
from sandbox.vm import machine as vm

OS = "debian-12"
NAME = f"gpuwright/{OS}"
"""What `vagrant box list` calls it."""

_FILES = {
    "etc/hostname": "vagrant\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vagrant\n::1 localhost\n",
    "etc/network/interfaces": (
        "auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"
    ),
    "etc/sudoers.d/vagrant": "vagrant ALL=(ALL) NOPASSWD: ALL\n",
    # No two machines may have the same host keys, so each makes its own when sshd starts.
    "etc/systemd/system/ssh.service.d/keys.conf": (
        "[Service]\nExecStartPre=\nExecStartPre=/usr/bin/ssh-keygen -A\n"
        "ExecStartPre=/usr/sbin/sshd -t\n"
    ),
}
# What else a sandbox's machine has: a start that takes its name and simulated GPUs from a disk.
_SANDBOX = (
    "etc/systemd/system/gpuwright-sandbox.service",
    "etc/systemd/system/sysinit.target.wants/gpuwright-sandbox.service",
    "usr/local/sbin/gpuwright-sandbox",
    "etc/sudoers.d/admin",
)


def make() -> Path:
    """Build the box, in about two minutes, unless it is there as it would be; give its file.

    libvirt takes a box of another time for another one, and its image is carried over again.

    Raises:
        SandboxError: if this machine lacks something, or a step fails.

    """
    prepare.check()
    vm.check()
    base = build.box_root(OS)
    key = _key()
    digest = vm_image.digest(base, "box", Path(__file__).read_text(), key)
    target = STATE / "boxes" / f"{OS}-{digest}.box"
    target.parent.mkdir(parents=True, exist_ok=True)
    with lock("box"):
        if not target.is_file():
            for former in target.parent.glob(f"{OS}*.box"):
                former.unlink()
            _build(base, key, target)
    return target


def _build(base: Path, key: str, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        raw, disk = Path(folder, "disk.raw"), Path(folder, "box.img")
        vm_image.from_tree(base, raw, None, "box", fit=lambda tree: fit(tree, key))
        run("qemu-img", "convert", "-q", "-O", "qcow2", str(raw), str(disk))
        part = Path(folder, "box")
        pack(disk, part)
        part.rename(target)


def fit(tree: Path, key: str) -> None:
    """Make a machine of the sandbox one of Vagrant: its user with the public `key`, its network."""
    for path in _SANDBOX:
        (tree / path).unlink(missing_ok=True)
    for path, text in _FILES.items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text)
    (tree / "etc/sudoers.d/vagrant").chmod(0o440)
    for user in ("admin", "nosudo"):
        run("chroot", str(tree), "userdel", "--remove", user)
    run("chroot", str(tree), "useradd", "--create-home", "--shell", "/bin/bash", "vagrant")
    keys = tree / "home/vagrant/.ssh/authorized_keys"
    keys.parent.mkdir(mode=0o700)
    keys.write_text(key)
    keys.chmod(0o600)
    run("chroot", str(tree), "chown", "-R", "vagrant:vagrant", "/home/vagrant/.ssh")


def pack(disk: Path, box: Path) -> None:
    """Write the archive `box` around the qcow2 image `disk`."""
    # GiB, as vagrant-libvirt reads it.
    about = {"provider": "libvirt", "format": "qcow2", "virtual_size": vm_disk.DISK_MIB // 1024}
    settings = 'Vagrant.configure("2") { |config| config.vm.guest = :debian }\n'
    with tempfile.TemporaryDirectory(dir=box.parent) as folder, tarfile.open(box, "w") as archive:
        for name, text in (("metadata.json", json.dumps(about)), ("Vagrantfile", settings)):
            Path(folder, name).write_text(text)
            archive.add(Path(folder, name), name)
        archive.add(disk, "box.img")


def _key() -> str:
    """The public half of the key that every Vagrant has, as this machine's Vagrant says it."""
    home = Path(os.environ.get("VAGRANT_HOME") or Path.home() / ".vagrant.d")
    private = home / "insecure_private_key"
    if not private.is_file():
        # Whatever command: Vagrant lays the key into its home.
        run("vagrant", "box", "list")
    return run("ssh-keygen", "-y", "-f", str(private))


def main() -> int:
    """Build the box and add it to Vagrant's; 0 if it worked, 1 with one sentence if not."""
    try:
        box = make()
        run("vagrant", "box", "add", "--force", "--name", NAME, str(box))
    except (SandboxError, OSError) as error:
        print(f"vagrant: {error}", file=sys.stderr)
        return 1
    print(f"{NAME} is among Vagrant's boxes now, made of {box}. Bring a machine up with it:")
    print(f"  GPUWRIGHT_VAGRANT_BOX={NAME} vagrant up gpu1")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The two kinds of host, a container and a virtual machine, behind the same words."""

from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.container import engines, nspawn
from sandbox.local.processes import Process
from sandbox.roots import build
from sandbox.spec import HostSpec
from sandbox.vm import image as vm_image
from sandbox.vm import machine as vm

BOOT_LIMIT_S = {False: 90.0, True: 300.0}
"""Seconds until ssh must work, for a container and for a virtual machine: emulation is slow, and
slower the busier this machine is."""


def check(spec: HostSpec) -> None:
    """Raise `SandboxError` if there can be no such host, or not on this machine."""
    if spec.vm:
        if spec.engines:
            raise SandboxError("Engines run in a virtual machine as it is: leave --engines out.")
        vm.check()
        vm_image.check_system(spec.os)
    elif spec.disk_of or spec.secure_boot:
        what = "have a copy of a disk" if spec.disk_of else "boot securely"
        raise SandboxError(f"Only a virtual machine can {what}: add --vm.")


def image(spec: HostSpec, proxy: str | None) -> Path:
    """The shared folder or disk image that a new host's disk lies upon, made if need be."""
    if spec.vm:
        return vm_image.image(spec.os, proxy, spec.secure_boot)
    return build.root(spec.os, proxy)


def copy_disk(
    spec: HostSpec, target: Path, given: HostSpec, folder: Path, lower: Path, proxy: str | None
) -> Path:
    """Make machine `spec`'s disk image, in its folder `target`, of the container `given`'s disk.

    Raises:
        SandboxError: if `given` is a virtual machine, or the image cannot be made.

    """
    if given.vm:
        raise SandboxError(f"{given.name} is a virtual machine: only a container's disk is copied.")
    disk = target / "base.raw"
    # Marked as the new host's, so that taking that down ends it.
    tree = nspawn.mount(folder, lower)
    vm_image.from_tree(tree, disk, proxy, f"host:{target.name}", spec.secure_boot)
    return disk


def root(spec: HostSpec, folder: Path, lower: Path) -> Path:
    """Where files for the host are written before it starts."""
    if spec.vm:
        return vm.staging(folder)
    tree = nspawn.mount(folder, lower)
    if spec.engines:
        engines.write(tree)
    return tree


def start(spec: HostSpec, folder: Path, address: str, lower: Path, state: str = "") -> Process:
    """Switch the host on, a virtual machine in the saved `state` if one is named."""
    if not spec.vm:
        return nspawn.start(folder, folder / "root", spec)
    vm.make_disk(folder, lower, spec.secure_boot)
    refresh(spec, folder)
    # Whichever kernel of this distribution: it only tries what this machine can do.
    kernels = sorted(build.root(spec.os).glob("boot/vmlinuz-*"))
    return vm.start(folder, spec, address, kernels[-1], state)


def refresh(spec: HostSpec, folder: Path) -> None:
    """Let the host see what was written into its root: a virtual machine does at its next boot."""
    if spec.vm:
        vm.write_seed(folder, folder / "root", spec.gpus)


def snapshot(spec: HostSpec, folder: Path, state: str) -> None:
    """Save a running virtual machine as `state`.

    Raises:
        SandboxError: if it is none, does not run, or has such a state already.

    """
    if state in _states(spec, folder):
        raise SandboxError(f"{spec.name} has a state {state!r} already: take another name.")
    vm.snapshot(folder, state)


def check_state(spec: HostSpec, folder: Path, state: str) -> None:
    """Raise `SandboxError` if the host is no virtual machine or was never in `state`."""
    if state not in (have := _states(spec, folder)):
        raise SandboxError(
            f"{spec.name} has no state {state!r}; saved are: {', '.join(have) or 'none'}."
        )


def _states(spec: HostSpec, folder: Path) -> list[str]:
    if not spec.vm:
        raise SandboxError(f"{spec.name} is a container; only a virtual machine has saved states.")
    return vm.snapshots(folder)

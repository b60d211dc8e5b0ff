"""Container hosts in which container engines run, and which show a loaded driver.

What engines need beyond an ordinary host: system calls and capabilities for their containers, and
folders for their images that are not overlays themselves. No module is loaded in a container, so a
labelled script in the host shows what a loaded one would: version files and device files.
"""

from pathlib import Path

from sandbox.checkout import SandboxError

_FOLDERS = ("docker", "containerd", "containers")
"""Below /var/lib: where Docker, containerd and podman keep images."""
_PODMAN = "etc/containers/containers.conf.d/gpuwright-sandbox.conf"
_PODMAN_TEXT = """\
# gpuwright's sandbox: podman limits processes unasked, and where this machine's control groups are
# of version 1 beside version 2, a host has no such limit to set (pids.max).
[containers]
pids_limit = 0
"""
_GUEST = Path(__file__).with_name("engine_guest")
_UNITS = {"network.service": "sysinit", "driver.service": "sysinit", "driver.path": "paths"}
"""Units of the host with their targets: its own part of the kernel's settings, and what shows the
driver, at boot and when its module is installed."""


def words(folder: Path) -> list[str]:
    """Further arguments of nspawn for the host whose files lie in `folder`."""
    found = [
        # A container's device files are guarded by BPF, and runc makes a keyring for each.
        *("--capability=CAP_BPF", "--system-call-filter=@keyring bpf"),
    ]
    for name in _FOLDERS:
        place = folder / "engines" / name
        place.mkdir(parents=True, exist_ok=True)
        # An overlay on an overlay is refused, so images lie on this machine's file system.
        found.append(f"--bind={place}:/var/lib/{name}")
    return found


def write(root: Path) -> None:
    """Put the simulated driver into a host's file system; it shows once a driver is installed.

    Raises:
        SandboxError: if the distribution is another one than Debian or what derives from it.

    """
    if not (root / "etc/debian_version").is_file():
        raise SandboxError("Engines can run in hosts of Debian's family only.")
    program = root / "usr/local/sbin/gpuwright-sandbox-driver"
    program.write_text((_GUEST / "driver.sh").read_text())
    program.chmod(0o755)
    (root / _PODMAN).parent.mkdir(parents=True, exist_ok=True)
    (root / _PODMAN).write_text(_PODMAN_TEXT)
    units = root / "etc/systemd/system"
    kernels = sorted(kernel.name for kernel in (root / "lib/modules").glob("*"))
    for file, target in _UNITS.items():
        own = _GUEST / file
        name = f"gpuwright-sandbox-{file}"
        (units / name).write_text(own.read_text() if own.exists() else _when_installed(kernels))
        wanted = units / f"{target}.target.wants" / name
        wanted.parent.mkdir(exist_ok=True)
        wanted.unlink(missing_ok=True)
        wanted.symlink_to(f"../{name}")
    _refresh_for_other_kernel(units, kernels)


def _when_installed(kernels: list[str]) -> str:
    """A path unit that shows the driver once its module is there for one of `kernels`."""
    files = [f"/lib/modules/{kernel}/updates/dkms/nvidia.ko" for kernel in kernels]
    watched = "".join(f"PathExists={file}{end}\n" for file in files for end in ("", ".xz"))
    return (
        "# gpuwright's sandbox: a server loads the new module by modprobe or at its next boot.\n"
        "[Unit]\nDescription=Load the simulated NVIDIA module when it is installed\n\n"
        f"[Path]\n{watched}"
    )


def _refresh_for_other_kernel(units: Path, kernels: list[str]) -> None:
    """Let NVIDIA's refresh units look at the host's own kernels.

    They look at the modules of the running one, and that is this machine's (nvidia-cdi-refresh of
    NVIDIA Container Toolkit 1.20.0, read 2026-11).
    """
    head = "# gpuwright's sandbox: the running kernel is this machine's, with no modules here.\n"
    watched = "".join(f"PathChanged=/lib/modules/{kernel}/modules.dep\n" for kernel in kernels)
    grep = '/usr/bin/grep -qE "/(nvidia|nvidia-current)[.]ko"'
    texts = {
        "path": f"{head}[Path]\n{watched}",
        "service": f"{head}[Service]\nExecCondition=\n"
        f"ExecCondition=/bin/sh -c '{grep} /lib/modules/*/modules.dep'\n",
    }
    for kind, text in texts.items():
        folder = units / f"nvidia-cdi-refresh.{kind}.d"
        folder.mkdir(exist_ok=True)
        (folder / "gpuwright-sandbox.conf").write_text(text)

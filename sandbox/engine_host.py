"""Container hosts in which container engines run, and which show a loaded driver.

What engines need beyond an ordinary host: system calls and capabilities for their containers, and
folders for their images that are not overlays themselves. No module is loaded in a container, so a
labelled script in the host shows what a loaded one would: version files and device files.
"""

from pathlib import Path

from sandbox.checkout import SandboxError

SETTINGS = "SYSTEMD_NSPAWN_API_VFS_WRITABLE=network"
"""Environment of nspawn: engines set up networks, and change nothing else of the kernel's."""
_FOLDERS = ("docker", "containerd", "containers")
"""Below /var/lib: where Docker, containerd and podman keep images."""
_GUEST = Path(__file__).with_name("engine_guest")
_WANTED_BY = {"driver.service": "sysinit.target", "driver.path": "paths.target"}


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
    units = root / "etc/systemd/system"
    for file, target in _WANTED_BY.items():
        name = f"gpuwright-sandbox-{file}"
        (units / name).write_text((_GUEST / file).read_text())
        wanted = units / f"{target}.wants" / name
        wanted.parent.mkdir(exist_ok=True)
        wanted.unlink(missing_ok=True)
        wanted.symlink_to(f"../{name}")
    _refresh_for_other_kernel(root, units)


def _refresh_for_other_kernel(root: Path, units: Path) -> None:
    """Let NVIDIA's refresh units look at the host's own kernel.

    They look at the modules of the running one, and that is this machine's (nvidia-cdi-refresh of
    NVIDIA Container Toolkit 1.20.0, read 2026-11).
    """
    head = "# gpuwright's sandbox: the running kernel is this machine's, with no modules here.\n"
    watched = "".join(
        f"PathChanged=/lib/modules/{kernel.name}/modules.dep\n"
        for kernel in sorted((root / "lib/modules").glob("*"))
    )
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

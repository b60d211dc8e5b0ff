"""A kernel of a host, booted alone in a virtual machine, to load modules into it.

A container has its machine's kernel and can load nothing. Whether a module that was built there
really loads is seen here: the host's own kernel image boots under QEMU's emulation (no hardware
help is needed) with an initramfs that holds a static busybox and the modules, loads them in order,
prints what is asked for, and powers off. That takes about three seconds.
"""

import gzip
import shlex
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.checkout import SandboxError
from sandbox.local.prepare import install

_NEEDS = {"qemu-system-x86_64": "qemu-system-x86", "cpio": "cpio"}
_BUSYBOX = Path("/bin/busybox")
"""Of Debian's package busybox-static. The package busybox has the same path and puts the other out:
its program needs a C library, which the initramfs has not, so the kernel cannot run it."""
_INTERPRETER = 3
"""Type of the program header that names a dynamic loader (ELF specification, PT_INTERP)."""
_LIMIT_S = 300
_BEGIN, _END = "gpuwright-begins", "gpuwright-ends"


def missing() -> list[str]:
    """The packages that such a machine needs and this one lacks."""
    lacking = sorted({_NEEDS[tool] for tool in _NEEDS if not shutil.which(tool)})
    return lacking if is_static(_BUSYBOX) else [*lacking, "busybox-static"]


def prepare() -> None:
    """Install what is missing on this machine.

    Raises:
        SandboxError: if it cannot be installed.
    """
    if lacking := missing():
        install(*lacking)


def is_static(program: Path) -> bool:
    """Whether `program` is there and runs without a dynamic loader and libraries (64-bit ELF)."""
    if not program.is_file():
        return False
    content = program.read_bytes()
    if content[:5] != b"\x7fELF\x02":
        return False
    (table,) = struct.unpack_from("<Q", content, 32)
    size, rows = struct.unpack_from("<HH", content, 54)
    kinds = [struct.unpack_from("<I", content, table + size * row)[0] for row in range(rows)]
    return _INTERPRETER not in kinds


def after_loading(
    kernel: Path,
    modules: Sequence[Path],
    commands: Sequence[str],
    accelerator: str = "tcg",
    limit_s: int = _LIMIT_S,
) -> str:
    """What the commands print in a machine that has booted `kernel` and loaded `modules`.

    Args:
        kernel: A kernel image, ``vmlinuz-…``.
        modules: Uncompressed module files, loaded in this order; one that does not load is told in
            the text, and the next is tried.
        commands: Shell for busybox, run one after the other.
        accelerator: ``tcg``, or ``kvm`` to find out whether that works here.
        limit_s: Seconds that all of it may take.

    Raises:
        SandboxError: if the machine does not come to its end.
    """
    with tempfile.TemporaryDirectory(prefix="gpuwright-vm-") as folder:
        image = _initramfs(Path(folder), modules, commands)
        argv = [
            *("qemu-system-x86_64", "-accel", accelerator, "-cpu", "max", "-m", "512"),
            *("-nographic", "-no-reboot", "-nic", "none", "-kernel", str(kernel)),
            *("-initrd", str(image), "-append", "console=ttyS0 quiet panic=-1"),
        ]
        try:
            done = subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise SandboxError(f"The machine did not end within {limit_s} s.") from late
    begin, end = done.stdout.find(_BEGIN), done.stdout.rfind(_END)
    if begin < 0 or end < 0:
        raise SandboxError(f"The machine did not come up:\n{done.stdout[-2000:]}{done.stderr}")
    return done.stdout[begin + len(_BEGIN) : end].replace("\r", "").strip()


def _initramfs(folder: Path, modules: Sequence[Path], commands: Sequence[str]) -> Path:
    tree = folder / "tree"
    for part in ("bin", "proc", "sys", "dev", "modules"):
        (tree / part).mkdir(parents=True)
    if not is_static(_BUSYBOX):
        raise SandboxError(
            f"{_BUSYBOX} is missing or needs libraries, so a kernel cannot run it alone. A package "
            "has one that can: apt-get install busybox-static."
        )
    shutil.copy(_BUSYBOX, tree / "bin/busybox")
    lines = [
        "#!/bin/busybox sh",
        "/bin/busybox --install -s /bin",
        "export PATH=/bin",
        "mount -t proc proc /proc",
        "mount -t sysfs sysfs /sys",
        f"echo {_BEGIN}",
    ]
    for module in modules:
        shutil.copy(module, tree / "modules")
        lines.append(f"insmod /modules/{shlex.quote(module.name)} 2>&1")
    script = tree / "init"
    script.write_text("\n".join([*lines, *commands, f"echo {_END}", "poweroff -f"]) + "\n")
    script.chmod(0o755)
    names = subprocess.run(
        ["find", ".", "-print0"], cwd=tree, capture_output=True, check=True
    ).stdout
    packed = subprocess.run(
        ["cpio", "--quiet", "-0", "-o", "-H", "newc"],
        cwd=tree,
        input=names,
        capture_output=True,
        check=True,
    ).stdout
    image = folder / "initramfs.gz"
    image.write_bytes(gzip.compress(packed, 1))
    return image

"""A folder that stands for a host's ``/``, on which the guard's program runs for real.

Stand-ins answer for what asks the machine itself: a module file holds what ``modinfo`` says of it.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.guard import program

DRIVER = "580.159.04"
OLD, NEW = "6.1.0-55-amd64", "6.1.0-56-amd64"
STAND_INS = {
    "ldconfig": 'echo "	libnvidia-ml.so.1 (libc6,x86-64) => $LIBRARY"',
    "modinfo": 'cat "$1"',
    "depmod": """\
cd "$ROOT/lib/modules/$1" && find . -name "*.ko" | sed "s|^./||; s|$|:|" >modules.dep
""",
    "dkms": ":",
    "systemctl": 'cat "$ROOT/jobs" 2>/dev/null',
    "update-grub": ":",
    "grub-editenv": """\
file=$ROOT/boot/grub/grubenv
[ "$1" = - ] || exit 64
touch "$file"
sed -i "/^${3%%=*}=/d" "$file"
[ "$2" = unset ] || echo "$3" >>"$file"
""",
}
BUILD = """\
    [ ! -e "$R/build-fails" ] || exit 1
    mkdir -p "$R/lib/modules/$kernel_to_serve/updates/dkms"
    echo "version: $driver" >"$R/lib/modules/$kernel_to_serve/updates/dkms/nvidia.ko"
    depmod "$kernel_to_serve"
    echo "$kernel_to_serve" >>"$R/built"
"""


@dataclass
class GuardedHost:
    """A host with a driver and the guard."""

    root: Path
    settings: dict[str, str] = field(default_factory=dict)
    build: str = BUILD
    quiet_s: int = 0

    def __post_init__(self) -> None:
        for name in ("boot", "lib/modules", "usr/src", "var/lib", "opt/gpuwright/lib", "bin"):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        for name, text in STAND_INS.items():
            self.write(f"bin/{name}", f"#!/bin/sh\nROOT={self.root}\n{text}\n").chmod(0o755)
        self.library(DRIVER)
        self.write(program.MENU, program.menu())
        self.write(f"usr/src/nvidia-{DRIVER}/dkms.conf", "")

    def write(self, path: str, text: str) -> Path:
        """Write a file below the host's ``/``."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return place

    def read(self, path: str) -> str:
        """The text of a file below the host's ``/``; empty where it is not there."""
        place = self.root / path.lstrip("/")
        return place.read_text() if place.exists() else ""

    def library(self, version: str) -> None:
        """The driver's libraries are of this version."""
        path = f"/usr/lib/libnvidia-ml.so.{version}"
        text = STAND_INS["ldconfig"].replace("$LIBRARY", path)
        self.write("bin/ldconfig", f"#!/bin/sh\n{text}\n").chmod(0o755)

    def kernel(self, release: str, module: str = "", headers: bool = False) -> None:
        """Install a kernel, with a module of this version where one is given."""
        self.write(f"boot/vmlinuz-{release}", "")
        folder = f"lib/modules/{release}"
        self.write(f"{folder}/modules.dep", "")
        if headers:
            self.write(f"{folder}/build/Makefile", "")
        if module:
            said = f"version: {module}\nvermagic: {release} SMP\n"
            self.write(f"{folder}/updates/dkms/nvidia.ko", said)
            self.write(f"{folder}/modules.dep", "updates/dkms/nvidia.ko:\n")

    def grub(self, *kernels: str, default: str = "${saved_entry}") -> None:
        """GRUB's menu as Debian writes it, with these kernels from the newest on."""
        rows = "".join(entry(f"Debian, {k}", f"gnulinux-{k}-advanced-U", k) for k in kernels)
        self.write(
            "boot/grub/grub.cfg",
            'if [ "${next_entry}" ] ; then\n   set default="${next_entry}"\nelse\n'
            f'   set default="{default}"\nfi\n'
            + entry("Debian", "gnulinux-simple-U", kernels[0])
            + "submenu 'Advanced' $menuentry_id_option 'gnulinux-advanced-U' {\n"
            + rows
            + "}\n",
        )

    @property
    def saved(self) -> str:
        """GRUB's saved entry."""
        lines = self.read("boot/grub/grubenv").splitlines()
        return next((x.partition("=")[2] for x in lines if x.startswith("saved_entry=")), "")

    def run(self, *words: str) -> str:
        """Run the guard, which must end well; gives what it says."""
        done = subprocess.run([self.program(), *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def program(self) -> Path:
        """The program, written down with its settings."""
        text = "".join(f"{key}={value}\n" for key, value in self.settings.items())
        self.write(program.SETTINGS, text)
        path = f"{self.root}/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        shell = program.program(str(self.root), path, self.build, self.quiet_s)
        place = self.write(program.PROGRAM, shell)
        place.chmod(0o755)
        return place

    @property
    def record(self) -> dict[str, Any]:
        """What the guard wrote down."""
        answer: dict[str, Any] = json.loads(self.read(program.RECORD))
        return answer


def entry(title: str, ident: str, kernel: str) -> str:
    """One entry of ``grub.cfg``."""
    return (
        f"menuentry '{title}' --class os $menuentry_id_option '{ident}' {{\n"
        f"\tlinux\t/boot/vmlinuz-{kernel} root=/dev/vda1\n}}\n"
    )


def chosen(kernel: str) -> str:
    """The entry that the guard saves for a kernel."""
    return f"gnulinux-advanced-U>gnulinux-{kernel}-advanced-U"

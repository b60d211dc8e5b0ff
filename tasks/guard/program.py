"""The files of the guard on the host: one small program, two units, what tells of it. Pure.

The program is POSIX shell and awk, so that a host needs nothing for it. It looks at each boot and
whenever something changes in ``/boot``, ``/lib/modules`` or ``/usr/src``, so it does not matter who
brings a kernel: apt, dnf, dpkg, or a person. No hook of a package manager waits for it.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from tasks import templates
from tasks.steps import files
from tasks.templates import render

PROGRAM = "/opt/gpuwright/lib/kernel-guard"
MENU = "/opt/gpuwright/lib/grub-menu.awk"
SETTINGS = "/opt/gpuwright/etc/kernel-guard"
SERVICE = "/etc/systemd/system/gpuwright-guard.service"
WATCH = "/etc/systemd/system/gpuwright-guard.path"
MOTD = "/etc/update-motd.d/95-gpuwright"
DEFAULT = "/etc/default/grub.d/zz-gpuwright.cfg"
"""GRUB's drop-in of the policy ``follow`` (grub-mkconfig reads these in order; Debian, Ubuntu)."""
RECORD = "/var/lib/gpuwright/next-boot.json"
CHOICE = "/var/lib/gpuwright/boot-choice"

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
QUIET_S = 5
"""Nobody has been at work for so long: the steps of one run of ours are closer together."""

_MESSAGE = {"apt": "/var/lib/gpuwright/next-boot.motd", "dnf": "/etc/motd.d/gpuwright"}
"""pam_motd reads ``/etc/motd.d``; on Debian and Ubuntu programs of ``/etc/update-motd.d`` write."""

_SERVICE = (
    files.HEADER
    + f"""\
[Unit]
Description=NVIDIA module for the kernel that boots next
ConditionPathExists={PROGRAM}
After=local-fs.target dkms.service
StartLimitIntervalSec=0

[Service]
ExecStart={PROGRAM} watch
Nice=19
IOSchedulingClass=idle
TimeoutStopSec=10

[Install]
WantedBy=multi-user.target
"""
)
_WATCH = (
    files.HEADER
    + f"""\
[Unit]
Description=Kernels, modules and their sources
ConditionPathExists={PROGRAM}

[Path]
{{paths}}
[Install]
WantedBy=multi-user.target
"""
)
_MOTD = f"""\
#!/bin/sh
{files.HEADER}[ ! -r {_MESSAGE["apt"]} ] || cat {_MESSAGE["apt"]}
"""
_DEFAULT = files.HEADER + "# The kernel guard saves the newest kernel that has its module.\n"


@dataclass(frozen=True)
class File:
    """A file of the guard."""

    path: str
    text: str
    mode: str = "644"


def program(
    root: str = "", path: str = SYSTEM_PATH, build: str = "", quiet_s: int = QUIET_S
) -> str:
    """The program's text.

    Args:
        root: Folder that stands for ``/``.
        path: Its ``PATH``.
        build: Shell that builds for ``$kernel_to_serve``; empty: with DKMS, as a deploy does.
        quiet_s: Seconds that nobody must have been at work before something is built.
    """
    return render(
        "kernel_guard.sh.j2",
        root=root,
        path=path,
        conf=SETTINGS,
        menu=MENU,
        program=PROGRAM,
        quiet_s=quiet_s,
        build=build
        or render("dkms.sh.j2", version='"$driver"', kernels=["$kernel_to_serve"]).rstrip("\n"),
    )


def menu() -> str:
    """The awk program that reads GRUB's menu."""
    return Path(templates.__file__).with_name("grub_menu.awk").read_text()


def settings(policy: str, manager: str, textfile: str) -> str:
    """What the program is told: shell assignments.

    Args:
        policy: The policy in force.
        manager: ``apt`` or ``dnf``.
        textfile: Folder of node_exporter's textfile collector; empty: the usual ones.
    """
    message = _MESSAGE.get(manager, "")
    values = {"POLICY": policy, "MANAGER": manager, "TEXTFILE": textfile, "MOTD": message}
    return files.HEADER + "".join(f"{k}={shlex.quote(v)}\n" for k, v in values.items())


def watched(manager: str, grub: str) -> list[str]:
    """Folders whose changes start the guard: all of them exist, or are made.

    For one that does not exist systemd watches its parent instead. When something comes into that,
    it arms all watches again, and drops what the parent's own watch has seen (seen with 252).

    Args:
        manager: ``apt`` or ``dnf``.
        grub: Folder of GRUB's menu; empty: GRUB is not here.
    """
    sources = ["/usr/src", "/usr/src/kernels"] if manager == "dnf" else ["/usr/src"]
    return ["/boot", *([grub] if grub else []), "/lib/modules", *sources]


def written(policy: str, manager: str, textfile: str, grub: str = "") -> list[File]:
    """All files that are there under a policy, without those of ``hold``."""
    paths = "".join(f"PathChanged={path}\n" for path in watched(manager, grub))
    found = [
        File(PROGRAM, program(), "755"),
        File(MENU, menu()),
        File(SETTINGS, settings(policy, manager, textfile)),
        File(SERVICE, _SERVICE),
        File(WATCH, _WATCH.format(paths=paths)),
    ]
    if manager == "apt":
        found.append(File(MOTD, _MOTD, "755"))
        if policy == "follow":
            found.append(File(DEFAULT, _DEFAULT + "GRUB_DEFAULT=saved\n"))
    return found

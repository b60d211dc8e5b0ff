"""The initramfs, rebuilt once at the end of what asks for it and not once per package.

Packages of the driver and of the toolkit each ask for a new initramfs, four times in one
installation, and each takes some seconds of one processor. While dpkg runs for us, a stand-in
before ``update-initramfs`` on its ``PATH`` (apt.conf(5), ``DPkg::Path``) writes down what is asked
for; `rebuilt` does it. The note is on the disk before a package counts as configured, so a power
cut in between loses nothing: the next run sees the note.
"""

from __future__ import annotations

from facts.model.host import HostState
from tasks.steps import job

DUE = "/opt/gpuwright/etc/initramfs-due"
"""What update-initramfs was asked for and has not done: its arguments, one call in a line."""
_FOLDER = DUE.rpartition("/")[0]
_STAND_IN = "/run/gpuwright/dpkg-path"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # apt's own default

PUT_OFF = f"-o DPkg::Path={_STAND_IN}:{_PATH}"
"""Option of apt-get with which packages do not rebuild the initramfs; `stand_in` comes before."""


def stand_in() -> str:
    """Shell that puts the stand-in there. It lies in ``/run``: no reboot leaves it in force."""
    return "\n".join(
        [
            f"mkdir -p {_STAND_IN} {_FOLDER}",
            f"cat >{_STAND_IN}/update-initramfs <<'END'",
            "#!/bin/sh",
            'case "$1" in',
            f'    -u*) echo "$*" >>{DUE} && sync {DUE} && exit 0 ;;',
            "esac",
            'exec /usr/sbin/update-initramfs "$@"',
            "END",
            f"chmod 755 {_STAND_IN}/update-initramfs",
        ]
    )


def note(arguments: str) -> str:
    """Shell that notes one call of update-initramfs: ``-u -k "$kernel"``."""
    return f"mkdir -p {_FOLDER}; echo {arguments} >>{DUE}; sync {DUE}"


def rebuild() -> str:
    """Shell that does each noted call once; without a note it does nothing."""
    return "\n".join(
        [
            f"if [ -e {DUE} ]; then",
            f"  sort -u {DUE} | while read -r asked; do",
            # Word splitting is meant: these are the arguments of one call.
            "    /usr/sbin/update-initramfs $asked || exit 1",
            "  done",
            f"  rm -f {DUE}",
            "fi",
        ]
    )


def due(state: HostState) -> bool:
    """Whether packages asked for a new initramfs and none was made."""
    return DUE in state.managed_files


def rebuilt() -> job.Job:
    """The job that makes it."""
    return job.Job("initramfs", "initramfs", rebuild())

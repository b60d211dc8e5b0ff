"""Shell for apt that waits for locks, asks nothing, tells how far it is, and removes nothing.

Pure text: the commands run inside a `tasks.job.Job`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

LOCK_WAIT_S = 600
STAMP = "/var/lib/gpuwright/lists-read"
"""Touched whenever all package lists were read."""
STATUS = "status"
"""File in the job's folder that apt writes its progress to (``README.progress-reporting``)."""


def options(lock_wait: int = LOCK_WAIT_S) -> str:
    """Options that every apt-get call of ours carries."""
    return (
        f"-y -q -o DPkg::Lock::Timeout={lock_wait} -o Acquire::Retries=3 "
        "-o APT::Get::Assume-Yes=true -o Dpkg::Use-Pty=0 "
        "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold"
    )


def mended() -> str:
    """Finish what a power cut or a kill left half done; nothing to do costs a tenth of a second."""
    return "dpkg --configure -a --force-confdef --force-confold"


def refresh(lock_wait: int = LOCK_WAIT_S) -> str:
    """Read the package lists anew, and fail if one cannot be read.

    apt-get exits 0 when a list could not be fetched and an older one is used; ``Error-Mode=any``
    makes that a failure (apt.conf(5), since apt 2.2).
    """
    return (
        f"n=0; until apt-get update {options(lock_wait)} -o APT::Update::Error-Mode=any; do "
        "n=$((n+1)); [ $n -lt 4 ] || exit 100; "
        'echo "package lists could not be read; try $((n+1)) of 4 in 5 s"; sleep 5; done'
    )


def refresh_if_stale(lock_wait: int = LOCK_WAIT_S) -> str:
    """`refresh`, unless the lists are younger than half a day and than every source file."""
    return "\n".join(
        [
            f'if [ -e {STAMP} ] && [ -z "$(find /etc/apt/sources.list /etc/apt/sources.list.d '
            f'-newer {STAMP} 2>/dev/null)" ] && [ -z "$(find {STAMP} -mmin +720)" ]; then :; else',
            refresh(lock_wait),
            f"touch {STAMP}; fi",
        ]
    )


def install(packages: Sequence[str], more: str = "", lock_wait: int = LOCK_WAIT_S) -> str:
    """Install packages without recommendations, after a simulation that must remove nothing.

    Args:
        packages: Names, or ``name=version``.
        more: Shell that gives further names, unquoted: ``$(cat headers)``.
        lock_wait: Seconds to wait for dpkg's locks.
    """
    names = " ".join([*(shlex.quote(p) for p in packages), more]).strip()
    flags = f"{options(lock_wait)} --no-install-recommends --allow-change-held-packages"
    return "\n".join(
        [
            mended(),
            f"apt-get install -s {flags} {names} >simulation",
            "if grep '^Remv ' simulation; then",
            "  echo 'The packages above would have to go. Nothing was changed.'; exit 1; fi",
            f"apt-get install {flags} -o APT::Status-Fd=3 {names} 3>{STATUS}",
        ]
    )


def download(packages: Sequence[str], lock_wait: int = LOCK_WAIT_S) -> str:
    """Fetch packages into apt's cache and install nothing."""
    names = " ".join(shlex.quote(p) for p in packages)
    return (
        f"apt-get install --download-only {options(lock_wait)} --no-install-recommends "
        f"--allow-change-held-packages -o APT::Status-Fd=3 {names} 3>{STATUS}"
    )


def progress() -> str:
    """Shell that prints apt's last word: ``62 % Unpacking libcublas11``."""
    return (
        f"tail -n 1 {STATUS} | awk -F: '/^(pm|dl)status/ "
        '{ printf "%d %% ", $3; for (i = 4; i <= NF; i++) printf "%s", $i; print "" }\''
    )

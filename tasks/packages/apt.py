"""Shell for apt that waits for locks, asks nothing, tells how far it is, and removes nothing.

Pure text: the commands run inside a `tasks.steps.job.Job`.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from tasks.hostdata.host import LOCK_WAIT_S
from tasks.packages import apt_repair, apt_transaction, apt_update, lists
from tasks.packages.transaction import Installation, script
from tasks.steps import before
from tasks.templates.waits import STALL_S

STATUS = "status"
"""File in the job's folder that apt writes its progress to (``README.progress-reporting``)."""
FETCH_TOOLS: tuple[str, ...] = ("curl", "ca-certificates", "xz-utils")
"""What fetching and unpacking a tarball needs."""


SETTINGS = (
    "-o Acquire::Retries=3 "
    f"-o Acquire::http::Timeout={STALL_S} -o Acquire::https::Timeout={STALL_S} "
    # A name that no archive has would else be a pattern: `g++-9` then brings 217 packages.
    "-o APT::Get::Assume-Yes=true -o Dpkg::Use-Pty=0 -o APT::Cmd::Pattern-Only=true "
    "-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "
    # The host's own settings must not let more in than the simulation is judged by.
    "-o APT::Get::AutomaticRemove=false -o APT::Get::AllowUnauthenticated=false "
    "-o APT::Get::Force-Yes=false -o APT::Get::allow-downgrades=false "
    "-o APT::Install-Suggests=false"
)
"""What is the same whether something is tried or done."""


def options() -> str:
    """Options that every apt-get call of ours carries."""
    return f"-y -q -o DPkg::Lock::Timeout=${{LOCK_WAIT:-{LOCK_WAIT_S}}} {SETTINGS}"


PATIENTLY = f"""\
patiently() {{
    waited=0
    until "$@" 2>complaint; do
        code=$?
        cat complaint
        grep -q 'lock was locked by\\|Could not get lock' complaint || return $code
        [ $waited -lt ${{LOCK_WAIT:-{LOCK_WAIT_S}}} ] || return $code
        [ $waited -gt 0 ] || echo "another package manager is at work: waiting for it"
        sleep 5
        waited=$((waited + 5))
    done
    cat complaint
}}"""
"""Shell function that repeats a command for as long as others hold apt's or dpkg's locks.

``DPkg::Lock::Timeout`` serves apt-get's own hold of dpkg's lock only: dpkg itself, and apt-get
update with its lock on the lists, give up at once.
"""


def finished() -> str:
    """Finish what a power cut or a kill left half done; nothing to do costs a tenth of a second."""
    return f"{PATIENTLY}\npatiently dpkg --configure -a --force-confdef --force-confold"


def repaired(ours: Sequence[str] = ()) -> str:
    """`finished`, what was cut off unpacked again, and dependencies made whole.

    Args:
        ours: Shell patterns of what may go on the way: half-installed parts of the set that is
            moved. A package of others never goes.
    """
    return f"{finished()} || true\n{apt_repair.script(ours, options())}\n{finished()}"


def refresh() -> str:
    """Read the package lists again, and fail if one that is needed cannot be read."""
    return f"{PATIENTLY}\n{apt_update.updated(options())}\n{lists.tried_again('updated')}"


def refresh_if_stale() -> str:
    """`refresh`, unless the lists are younger than half a day and than every source file."""
    return lists.if_stale(refresh(), "/etc/apt/sources.list /etc/apt/sources.list.d")


def install(wanted: Installation) -> str:
    """Install packages without recommendations, after a simulation that must remove nothing.

    Args:
        wanted: Its packages are names, or ``name=version``; its options are for the installation
            itself and not for the simulation.
    """
    flags = f"{options()} --no-install-recommends --allow-change-held-packages"
    archives, transaction, names = wanted.archives, wanted.transaction, wanted.names
    folder = f"-o Dir::Cache::Archives={archives} " if archives else ""
    folder += wanted.options
    if transaction is None:
        trial = [
            f"apt-get install -s {flags} {names} >simulation",
            # None of others may go, and no kernel may come that is not named.
            apt_transaction.judged(
                ours="'.*'", named=f"\" $(printf '%s ' {names} | sed 's/=[^ ]* / /g')\""
            ),
        ]
    else:
        flags += f" {apt_transaction.options(transaction)}"
        trial = [
            apt_transaction.pins(transaction),
            apt_transaction.simulation(transaction, wanted.packages, flags, wanted.more, refresh()),
        ]
        names = "$names"
    return script(
        finished(),
        *trial,
        wanted.first,
        f"mkdir -p {archives}/partial" if archives else ":",
        before.brought(
            lists.stale_after(
                f"apt-get install {flags} {folder} -o APT::Status-Fd=3 {names} 3>{STATUS}"
            )
        ),
        f"rm -rf {archives}" if archives else ":",
    )


def forgotten(packages: Sequence[str]) -> str:
    """Purge those of these packages that are removed: their settings would still count.

    The pin of a branch, and the modprobe settings of a driver, are such files.
    """
    if not packages:
        return ":"
    return (
        f"gone=$(dpkg-query -W -f '${{db:Status-Abbrev}} ${{Package}}\\n' {shlex.join(packages)} "
        "2>/dev/null | sed -n 's/^rc *//p')\n"
        '[ -z "$gone" ] || patiently dpkg --purge $gone'
    )


def stream(wanted: str, enabled: Mapping[str, str]) -> str:
    """Nothing: apt has no module streams."""
    return ":"


def download(packages: Sequence[str], archives: str) -> str:
    """Fetch packages into a folder of their own, while another apt may be at work.

    Nothing is installed, so no lock is needed; a folder of its own keeps the two apart.
    """
    names = " ".join(shlex.quote(p) for p in packages)
    fetch = (
        f"apt-get install --download-only {options()} --no-install-recommends "
        f"--allow-change-held-packages -o Debug::NoLocking=1 -o Dir::Cache::Archives={archives} "
        f"-o APT::Status-Fd=3 {names} 3>{STATUS}"
    )
    return f"mkdir -p {archives}/partial\n{lists.stale_after(fetch)}"


def progress() -> str:
    """Shell that prints apt's last word: ``62 % Unpacking libcublas11``."""
    return (
        f"tail -n 1 {STATUS} | awk -F: '/^(pm|dl)status/ "
        '{ printf "%d %% ", $3; for (i = 4; i <= NF; i++) printf "%s", $i; print "" }\''
    )


def named(package: str, version: str) -> str:
    """``name=version``, where the version may be a glob pattern."""
    return f"{package}={version}"


def candidate(package: str) -> str:
    """Shell that sets ``$offer`` to the version that would be installed."""
    return f"offer=$(apt-cache policy {shlex.quote(package)} | awk '/Candidate:/ {{ print $2 }}')"


def kernel_headers(kernels: Sequence[str], metapackages: Sequence[str]) -> str:
    """Shell that writes the names of these packages, and of the kernels' headers, to ``headers``.

    No kernel comes for want of headers: one that is to come is among the metapackages.

    Args:
        kernels: Releases that lack headers.
        metapackages: What keeps headers, or brings a kernel that was announced.
    """
    names = [f"linux-headers-{k}" for k in kernels]
    return "\n".join(
        [
            f"echo {shlex.join(metapackages)} >headers",
            f"for name in {shlex.join(names)}; do",
            """  if apt-cache madison "$name" | grep ' Packages$' >/dev/null""",
            '  then echo "$name" >>headers; continue; fi',
            '  echo "no package source of this host has $name: its kernel gets no module"',
            "done",
        ]
    )

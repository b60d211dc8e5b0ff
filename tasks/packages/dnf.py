"""Shell for dnf that asks nothing, tells how far it is, and removes nothing.

Pure text: the commands run inside a `tasks.steps.job.Job`, in the folder of the job, whose ``log``
takes what dnf prints. dnf and rpm wait by themselves for locks (dnf.conf(5), ``exit_on_lock``).
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from tasks.packages import dnf_transaction, lists
from tasks.packages.transaction import Installation, Transaction, script
from tasks.steps import before
from tasks.templates.waits import STALL_BYTES, STALL_S

FETCH_TOOLS: tuple[str, ...] = ("/usr/bin/curl", "ca-certificates", "/usr/bin/xz")
"""By file: ``curl`` itself would throw out the ``curl-minimal`` that EL 9 comes with."""


def options() -> str:
    """Options that every dnf call of ours carries.

    Without ``skip_if_unavailable=False`` a repository that cannot be read counts as empty, and
    without ``best`` an older version is taken where the newest does not fit.
    """
    return (
        "-y --setopt=install_weak_deps=False --setopt=skip_if_unavailable=False "
        "--setopt=best=True --setopt=retries=3 "
        f"--setopt=timeout={STALL_S} --setopt=minrate={STALL_BYTES}"
    )


def finished() -> str:
    """Nothing: an rpm transaction that was cut off is not gone on with, but done again.

    What is left of it (two versions of a package) is for `repaired`.
    """
    return ":"


def repaired(ours: Sequence[str] = ()) -> str:
    """Take out the older halves of updates that were cut off, and nothing else.

    Args:
        ours: Shell patterns of what may go with them.
    """
    return dnf_transaction.without_duplicates(ours, options())


def refresh() -> str:
    """Read the package lists again; fail if one cannot be read, at once if its signature is wrong.

    A signature does not get better by asking again.
    """
    return lists.tried_again(
        f"dnf makecache --refresh {options()} >lists 2>&1",
        unless="cat lists; ! grep -q 'GPG signature' lists || exit 100",
    )


def refresh_if_stale() -> str:
    """`refresh`, unless the lists are younger than half a day and than every repository file."""
    return lists.if_stale(refresh(), "/etc/yum.repos.d /etc/dnf/dnf.conf")


def install(wanted: Installation) -> str:
    """Install packages without weak dependencies, after a simulation that must remove nothing.

    Without a move another kernel may come no more than a package may go.

    Args:
        wanted: Its packages are names, files that a package brings, or ``name-version``; its
            options are for simulation and installation.
    """
    names, archives = wanted.names, wanted.archives
    folder = f" --setopt=cachedir={archives}" if archives else ""
    # Without limits of its own, a transaction may bring up to date what it needs.
    flags = f"{options()}{folder} {wanted.options}".strip()
    limits = wanted.transaction or Transaction(ours=("*",))
    flags += f" {dnf_transaction.options(wanted.transaction)}" if wanted.transaction else ""
    return script(
        dnf_transaction.simulation(limits, names, flags, wanted.more),
        wanted.first,
        before.brought(lists.stale_after(f"dnf install {flags} {names}")),
        dnf_transaction.leftovers(limits, flags) if limits.goes else ":",
        f"rm -rf {archives}" if archives else ":",
    )


def stream(wanted: str, enabled: Mapping[str, str]) -> str:
    """Shell that enables a module stream (``nvidia-driver:580-open``) in place of another."""
    if not wanted:
        return ":"
    return dnf_transaction.stream(wanted, enabled.get(wanted.partition(":")[0], ""), options())


def forgotten(packages: Sequence[str]) -> str:
    """Nothing: rpm leaves no settings of a removed package in force (they end in ``.rpmsave``)."""
    return ":"


def download(packages: Sequence[str], archives: str) -> str:
    """Fetch packages into a cache of their own, while another dnf may be at work.

    dnf's locks on lists and downloads lie in the cache's folder: one of its own keeps them apart.
    """
    names = " ".join(shlex.quote(p) for p in packages)
    return (
        f"mkdir -p {archives}\n"
        f"dnf install --downloadonly {options()} --setopt=cachedir={archives} {names}"
    )


def progress() -> str:
    """Shell that prints dnf's last word: ``Installing       : libcublas-11-8-11.11.3.6-1 3/20``."""
    return "tail -n 1 log | tr -s ' '"


def named(package: str, version: str) -> str:
    """``name-version``, where the version may be a glob pattern."""
    return f"{package}-{version}"


def candidate(package: str) -> str:
    """Shell that sets ``$offer`` to the newest version that is enabled, without its epoch."""
    return (
        f"offer=$(dnf -q repoquery --latest-limit=1 --qf '%{{version}}-%{{release}}' "
        f"{shlex.quote(package)} | tail -n 1)"
    )


def kernel_headers(kernels: Sequence[str], metapackages: Sequence[str]) -> str:
    """Shell that writes the names of these packages, and of the kernels' headers, to ``headers``.

    No kernel comes for want of headers: one that is to come is among the metapackages.

    Args:
        kernels: Releases that lack headers.
        metapackages: What keeps headers, or brings a kernel that was announced.
    """
    devel = next((name for name in metapackages if name.endswith("-devel")), "kernel-devel")
    coming = [name for name in metapackages if not name.endswith("-devel")]
    return "\n".join(
        [
            # kernel-devel without a release is that of the newest kernel: it comes with it alone.
            f"echo {shlex.join([*coming, devel])} >headers" if coming else ": >headers",
            f"for kernel in {shlex.join(kernels)}; do",
            f'  name="{devel}-$kernel"',
            '  if rpm -q "$name" >/dev/null || dnf -q repoquery "$name" | grep -q .',
            '  then echo "$name" >>headers; continue; fi',
            '  echo "no package source of this host has $name: its kernel gets no module"',
            "done",
        ]
    )

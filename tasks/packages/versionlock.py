"""Holds on the Red Hat family: entries of dnf's versionlock, in blocks of our own. Pure.

versionlock keeps the set as it is against every repository, in dnf and in dnf-automatic, and it
knows versions; an ``exclude`` in a ``.repo`` file keeps to its own repository. The plugin is in
the distribution's base repository and comes with the first hold. Where it is switched off
(``--noplugins``), the short list in our ``.repo`` file still keeps foreign names out.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from facts.model.host import HostState
from facts.model.packages import Package
from tasks.packages import dnf, dnf_transaction
from tasks.packages.transaction import Installation

LIST = dnf_transaction.LOCKS
PLUGIN = "python3-dnf-plugin-versionlock"
BEGIN = "# gpuwright: begin (changes between these lines are overwritten)"
END = "# gpuwright: end"
SET, KERNEL = "gpuwright", "gpuwright kernel"
"""Names of the blocks: the driver's set, and the kernel where the policy holds it."""


def entries(packages: Sequence[Package]) -> list[str]:
    """One entry per package: ``name-epoch:version-release.*`` (dnf-plugin-versionlock(8))."""
    return [
        f"{p.name}-{p.version if ':' in p.version else f'0:{p.version}'}.*"
        for p in sorted(packages, key=lambda p: p.name)
    ]


def right(state: HostState, packages: Sequence[Package]) -> bool:
    """Whether every one of these packages is locked at its version."""
    return bool(packages) and {p.name for p in packages} <= set(state.package_manager.holds)


def script(state: HostState, packages: Sequence[Package], block: str = SET) -> str:
    """Shell that makes a block hold exactly these packages, and leaves all other lines alone."""
    plugin = state.packages.get(PLUGIN)
    needed = [
        _plugin() if plugin is None or not plugin.installed else ":",
        "sed -i 's/^enabled *=.*/enabled = 1/' /etc/dnf/plugins/versionlock.conf",
    ]
    begin, end = (mark.replace(SET, block, 1) for mark in (BEGIN, END))
    lines = shlex.quote("\n".join([begin, *entries(packages), end]))
    return " &&\n".join(
        [
            *(line for line in needed if line != ":"),
            f"touch {LIST}",
            f"{{ {_without(block)} && printf '%s\\n' {lines}; }} >{LIST}.new",
            f"chmod 644 {LIST}.new",
            f"mv {LIST}.new {LIST}",
        ]
    )


def released(block: str) -> str:
    """Shell that takes one of our blocks out, where it is there."""
    return (
        f"! grep -qs '^# {block}: begin' {LIST} || "
        f"{{ {_without(block)} >{LIST}.new && chmod 644 {LIST}.new && mv {LIST}.new {LIST}; }}"
    )


def _plugin() -> str:
    """Shell that installs the plugin, judged like every transaction, in a folder of its own."""
    inside = 'folder=$(mktemp -d)\ntrap \'rm -rf "$folder"\' EXIT\ncd "$folder"\n'
    return f"sh -euc {shlex.quote(inside + dnf.install(Installation([PLUGIN])))} >/dev/null"


def _without(block: str) -> str:
    return f"sed '/^# {block}: begin/,/^# {block}: end/d' {LIST}"

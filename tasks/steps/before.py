"""What a host had before our first change, and what our package transactions brought. Pure shell.

Both are notes on the host that `deploys/remove.py` goes back by. What was there is noted before the
first command of the first run that changes the host, whatever the deploy (`tasks.steps.step`). A
host that an earlier release has worked on, which noted nothing, gets a note of what is there now,
and that says so: what was there before is not known then, and stays.
"""

from __future__ import annotations

import shlex

from facts.script import text as script_text
from tasks.steps.files import place_script
from tasks.templates import render

STATE = "/var/lib/gpuwright"
BEFORE = f"{STATE}/before"
"""Packages, marks, holds, users, groups, units, folders, and copies of others' files."""
BROUGHT = f"{STATE}/brought"
"""What transactions of ours brought, marked, moved and took away: one line each."""
TRACES = ("/opt/gpuwright/*", f"{STATE}/state.json", f"{STATE}/jobs")
"""What every earlier release leaves behind as soon as it changes something; the unit of a host that
provisions itself (`tasks.pull`) lies there before that."""
SHARED = (
    "/etc/docker/daemon.json",
    "/etc/containerd/config.toml",
    "/etc/containerd/conf.d/99-nvidia.toml",
    "/etc/nvidia-container-runtime/config.toml",
    "/etc/dnf/plugins/versionlock.list",
    "/etc/dnf/plugins/versionlock.conf",
    "/etc/dnf/modules.d/nvidia-driver.module",
    "/etc/sysconfig/kernel",
)
"""Files of others that deploys may change."""
TREES = (
    *("/etc", "/etc/systemd", "/etc/systemd/system", "/usr/local", "/usr/share/keyrings"),
    *("/opt", "/var/lib", "/var/cache"),
)
"""Where deploys may make folders: two levels of each are noted."""


def script() -> str:
    """Shell that notes what is there, once. It fails where the note cannot be written whole."""
    return render(
        "before.sh.j2",
        folder=BEFORE,
        family=_FAMILY,
        traces=" ".join(TRACES),
        place=place_script(STATE),
        shared=" ".join(SHARED),
        trees=" ".join(TREES),
    )


_FAMILY = script_text("probe/family")
ENDED = "brought_end"
"""Shell that notes what has come since `began`."""


def brought(transaction: str) -> str:
    """Shell: a transaction of a job, and a note of what it brings.

    One that is cut off in between is noted by the next transaction, or by the removal.
    """
    return f"{began()}\n{transaction}\n{ENDED}"


def began() -> str:
    """Shell that notes what is there before a transaction."""
    return render("brought.sh.j2", folder=BROUGHT, family=_FAMILY) + "brought_begin"


def written_script(*paths: str) -> str:
    """Shell that notes files of others as we have just written them: so long they are ours."""
    return f"mkdir -p {BROUGHT} && sha256sum {shlex.join(paths)} >{BROUGHT}/written"


def made_script(folder: str) -> str:
    """Shell that notes a folder that is about to be made, and those above it that are not there."""
    return (
        f"mkdir -p {BROUGHT} && folder={shlex.quote(folder)} && "
        'while [ -n "$folder" ] && [ ! -d "$folder" ]; do '
        f"printf '%s\\n' \"$folder\" >>{BROUGHT}/made; folder=${{folder%/*}}; done"
    )


def note_script(kind: str, *names: str) -> str:
    """Shell that notes what a step brings beside packages.

    Args:
        kind: ``paths`` of folders outside of our own, ``docker-users`` of that group.
        names: One line each.
    """
    return f"mkdir -p {BROUGHT} && printf '%s\\n' {shlex.join(names)} >>{BROUGHT}/{kind}"

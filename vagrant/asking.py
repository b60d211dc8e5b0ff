"""Vagrant asked for the state of its machines and for the ways to them."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vagrant import options, ssh_config, status

OURS = Path(__file__).resolve().parent
"""Where this checkout's Vagrantfile lies."""
LIMIT_S = 180
"""Seconds that one command of Vagrant may take: it starts Ruby and asks its provider."""


class VagrantError(Exception):
    """Vagrant cannot say what it is asked; the text has what, why and a command."""


@dataclass(frozen=True)
class Machines:
    """What Vagrant says of its machines."""

    folder: Path
    """Where its Vagrantfile lies."""
    states: Mapping[str, str]
    """Every machine of the Vagrantfile, and its state."""
    access: Mapping[str, ssh_config.Access]
    """How to reach those that run."""
    options: options.Options

    def absence(self, name: str) -> str:
        """Why a machine cannot be in a run, with a command; empty if it can."""
        if name in self.access:
            return ""
        if self.states.get(name) == status.RUNNING:
            return f"{name} runs, and Vagrant tells no address of it yet: vagrant ssh-config {name}"
        return status.why_not(name, self.states.get(name, "unknown"))


def folder(here: Path, environment: Mapping[str, str]) -> Path:
    """Where Vagrant is to look: VAGRANT_CWD, the current folder's Vagrantfile, or ours."""
    if said := environment.get("VAGRANT_CWD"):
        return here / said
    return (
        here if (here / environment.get("VAGRANT_VAGRANTFILE", "Vagrantfile")).is_file() else OURS
    )


def machines(wanted: Sequence[str] = ()) -> Machines:
    """Ask for the states of all machines, and for the ways to those that run.

    Args:
        wanted: Machines that matter; none: all.

    Raises:
        VagrantError: if Vagrant is missing or fails, or `@vagrant.json` cannot be read.
    """
    where = folder(Path.cwd(), os.environ)
    states = status.states(_said(where, "status", "--machine-readable"))
    if not states:
        raise VagrantError(
            f"`vagrant status` names no machine in {where}. See what it says: "
            f"VAGRANT_CWD={shlex.quote(str(where))} vagrant status"
        )
    running = [
        name
        for name, state in states.items()
        if state == status.RUNNING and (not wanted or name in wanted)
    ]
    return Machines(where, states, _access(where, running), _options(where, [*states]))


def place(said: str) -> Path:
    """Where a file is that ssh_config(5) names: ``~`` is the caller's home, ``~NAME`` another's."""
    try:
        return Path(said).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(said)


def _access(where: Path, names: Sequence[str]) -> dict[str, ssh_config.Access]:
    """How to reach the machines; one that Vagrant cannot tell yet hides no other."""
    if not names:
        return {}
    try:
        return ssh_config.parse(_said(where, "ssh-config", *names), names)
    except VagrantError:
        if len(names) == 1:
            return {}
        found: dict[str, ssh_config.Access] = {}
        for name in names:
            found.update(_access(where, [name]))
        return found


def _options(where: Path, names: Sequence[str]) -> options.Options:
    """What the current folder's `@vagrant.json` says, else the one beside the Vagrantfile."""
    for file in (Path(options.NAME), where / options.NAME):
        if file.is_file():
            try:
                return options.parse(file.read_text(), names)
            except (options.OptionsError, OSError, UnicodeDecodeError) as error:
                raise VagrantError(f"{file}: {error}.") from None
    return options.Options()


def _said(where: Path, *words: str) -> list[str]:
    """Lines of a command's standard output; its warnings are elsewhere or passed over."""
    command = f"VAGRANT_CWD={shlex.quote(str(where))} vagrant {shlex.join(words)}"
    environment = {
        **os.environ,
        "VAGRANT_CWD": str(where),
        "VAGRANT_CHECKPOINT_DISABLE": "1",  # no look for newer releases, and no word of them
        "VAGRANT_NO_COLOR": "1",
    }
    try:
        done = subprocess.run(
            ["vagrant", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except OSError as error:
        raise VagrantError(
            f"Vagrant cannot be started ({error.strerror}). Install it, on Debian: "
            "apt-get install vagrant vagrant-libvirt libvirt-daemon-system"
        ) from None
    except subprocess.TimeoutExpired:
        raise VagrantError(
            f"Vagrant did not answer within {LIMIT_S} s: another vagrant may hold the machine, or "
            f"its provider hangs. See what it waits for: {command} --debug"
        ) from None
    lines = done.stdout.splitlines()
    if done.returncode:
        why = status.error(lines) or " ".join(done.stderr.split()[-60:]) or "no reason"
        raise VagrantError(f"Vagrant failed: {why[-600:]} See all of it: {command}")
    return lines

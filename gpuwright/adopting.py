"""``gpuwright adopt``: the deploy that reads hosts made by hand, called by hosts' names alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from gpuwright import deploy

DEPLOY = "deploys/adopt.py"


class AdoptError(ValueError):
    """No host is named. ``str()`` is the whole message for a user."""


def command(words: Sequence[str], inventory: str | None, folder: str | None) -> list[str]:
    """What is run.

    Args:
        words: Hosts, then pyinfra's own options: ``["gpu01", "gpu02", "--ssh-user", "ops"]``.
        inventory: The file that knows the hosts' names; without it they are addresses.
        folder: Where the stack and the host data are written (``adopt_folder``).

    Raises:
        AdoptError: No host is named.
    """
    first = next((n for n, word in enumerate(words) if word.startswith("-")), len(words))
    hosts, options = words[:first], list(words[first:])
    if not hosts:
        raise AdoptError(
            "no host is named: gpuwright adopt gpu01 gpu02, or --inventory inventories/lab.py gpu01"
        )
    limits = [word for host in hosts for word in ("--limit", host)]
    asked = [inventory, *limits] if inventory else [",".join(hosts)]
    data = ["--data", f"adopt_folder={folder}"] if folder else []
    return [sys.executable, "-m", "pyinfra", "-y", *asked, str(_deploy()), *data, *options]


def run(words: Sequence[str], inventory: str | None, folder: str | None) -> int:
    """Adopt hosts; give the deploy's exit status: 0 whole, 1 partly, 2 not, 3 not read.

    Raises:
        AdoptError: No host is named.
    """
    env = {**os.environ, "PYTHONSAFEPATH": "1"}
    return subprocess.run(command(words, inventory, folder), env=env, check=False).returncode


def _deploy() -> Path:
    """The repository's own line, for it reads its ``config.py`` too; else ours."""
    own = Path(DEPLOY)
    return own if own.is_file() else deploy.FOLDER / "adopt.py"

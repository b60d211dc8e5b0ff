"""Another release of gpuwright in a throwaway environment, and what a release plans."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import uv

from gpuwright.locking import REQUESTS
from stacks.locking.wheels import ONLY

SECONDS = 600
PLAN = "deploys/plan.py"
_OURS = re.compile(r"(?i)\s*gpuwright\s*(?:$|[\[(=<>~!;@ ])")


class ReleaseError(RuntimeError):
    """A release cannot be had, or gives no plans. ``str()`` is the whole message for a user."""


@contextlib.contextmanager
def elsewhere(wanted: str, folder: Path, found_in: Sequence[str] = ()) -> Iterator[str]:
    """The Python of an environment with this release, and what else the repository asks for.

    It lies in a folder of its own, which is removed afterwards.

    Args:
        wanted: As uv is asked for it: ``gpuwright==0.2.0``, ``gpuwright`` for the newest.
        folder: The repository. What its ``requirements.in`` names beside gpuwright comes too.
        found_in: Folders with wheels beside the index.

    Raises:
        ReleaseError: uv cannot make it.
    """
    requests = folder / REQUESTS
    said = requests.read_text("utf-8").splitlines() if requests.is_file() else []
    others = [line for line in said if line.strip() and not _OURS.match(line)]
    with tempfile.TemporaryDirectory(prefix="gpuwright-release-") as place:
        asked = Path(place) / "asked.txt"
        asked.write_text("\n".join([wanted, *others]) + "\n", encoding="utf-8")
        python = f"{place}/env/bin/python"
        _uv("venv", "--quiet", f"--python={sys.executable}", f"{place}/env")
        links = [f"--find-links={Path(link).resolve()}" for link in found_in]
        _uv("pip", "install", ONLY, "--quiet", f"--python={python}", *links, f"-r={asked}")
        yield python


def _uv(*words: str) -> None:
    done = subprocess.run(
        [uv.find_uv_bin(), *words],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**os.environ, "UV_NO_PROGRESS": "1"},
    )
    if done.returncode:
        raise ReleaseError(done.stderr.strip())


def version(python: str) -> str:
    """The release in an environment. Raises `ReleaseError`."""
    # The folder of its own: where this is called, another gpuwright may lie.
    return _said([python, "-m", "gpuwright", "version"], Path(python).parent, (0,)).strip()


def of_inventory(python: str, folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """Host to what a release says of it, from ``deploys/plan.py``, which reads hosts and no more.

    Args:
        python: The environment's Python.
        folder: The repository.
        words: The inventory, and what else pyinfra is told.

    Raises:
        ReleaseError: There is no answer.
    """
    command = [python, "-m", "pyinfra", "-y", *words, PLAN, "--data", "format=json"]
    return dict(_data(_said(command, folder, (0, 2, 3)))["hosts"])


def of_described(python: str, folder: Path, words: Sequence[str]) -> dict[str, Any]:
    """What a release says of a host that is described and asked nothing.

    Args:
        python: The environment's Python.
        folder: The repository.
        words: The stack, and the host as ``python -m stacks explain`` is told of it.

    Raises:
        ReleaseError: There is no answer.
    """
    command = [python, "-m", "gpuwright.stacks", "explain", *words, "--json"]
    return _data(_said(command, folder, (0, 2)))


def _data(said: str) -> dict[str, Any]:
    if not said.strip():
        raise ReleaseError("a release gave no plans; what it said is above")
    try:
        found = json.loads(said)
    except json.JSONDecodeError as error:
        raise ReleaseError(f"its answer is no JSON: {error}") from error
    if not isinstance(found, Mapping):
        raise ReleaseError("its answer is no JSON object")
    return dict(found)


def _said(command: Sequence[str], folder: Path, good: Sequence[int]) -> str:
    # What the caller's Python finds besides its own must not take the release's place.
    env = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    env["PYTHONSAFEPATH"] = "1"
    done = subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in good:
        raise ReleaseError(f"{' '.join(command)}: exit status {done.returncode}")
    return done.stdout

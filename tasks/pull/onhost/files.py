"""Files of the program: read whole, written beside their place and moved there. Pure."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

HERE = Path("/opt/gpuwright/pull")
"""The program, what it was told, and what it fetched."""
STATE = Path("/var/lib/gpuwright/pull")
"""How far it has come, and its verdict."""
RECORD = Path("/var/lib/gpuwright/state.json")
"""What the deploys note (docs/record.md)."""
RUN = Path("/run/gpuwright-pull")
"""Of one run: systemd makes it, for root alone."""
OWN_DATA = Path("/etc/gpuwright/host-data.json")
"""Host data that are no part of user data, passwords above all."""


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file whole. Raises `OSError`."""
    handle, beside = tempfile.mkstemp(dir=str(path.parent), prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            # By what was opened, not by its name: the folder may be somebody else's.
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink()
        raise


def mapping(path: Path) -> dict[str, Any]:
    """What a JSON file says; empty where it is not there or says something else."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}

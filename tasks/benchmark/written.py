"""A benchmark's answer as files of the controller: JSON and a plot, each run under its own name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stacks.model.address import masked

MOST_NAME = 80


def stem(host: str, at: str) -> str:
    """``gpu01-20261130T160000Z``: a name that no earlier run has, whatever the host is called.

    Args:
        host: As the inventory calls it: ``@docker/x`` may be a host's name too.
        at: The time, as records say it.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", host).strip("-.")[:MOST_NAME] or "host"
    return f"{plain}-{re.sub('[^0-9TZ]', '', at)}"


def write(folder: Path, name: str, data: Mapping[str, Any], picture: str) -> list[Path]:
    """Write both files, whole or not at all; the folder is made.

    Raises:
        OSError: They cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = masked(json.dumps(data, indent=2, sort_keys=True)) + "\n"
    made = []
    for ending, body in (("json", text), ("svg", picture)):
        path = folder / f"{name}.{ending}"
        part = path.with_name(f"{path.name}.part")
        try:
            part.write_text(body, encoding="utf-8")
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        made.append(path)
    return made

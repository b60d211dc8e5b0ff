"""Files on the controller: written once, and never over what somebody else wrote."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class TakenError(Exception):
    """A file is there already and says something else.

    ``str()`` is the message for a user.
    """


def written(texts: Mapping[Path, str]) -> dict[Path, str]:
    """Write these files, or none of them.

    Returns:
        Path to ``written`` or ``unchanged``.

    Raises:
        TakenError: One of them is there and says something else.
        OSError: A folder or a file cannot be made.
    """
    news = {}
    for path, text in texts.items():
        there = _text(path)
        if there is not None and there != text:
            raise TakenError(
                f"{path} is there already and says something else, so nothing was written; name "
                "another folder (--data adopt_folder=FOLDER), or move that file away"
            )
        news[path] = "unchanged" if there is not None else "written"
    made: list[Path] = []
    try:
        for path, text in texts.items():
            if news[path] == "written":
                path.parent.mkdir(parents=True, exist_ok=True)
                # A file that came meanwhile is somebody's.
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
                made.append(path)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    file.write(text)
    except OSError:  # the disk is full, or a folder is none
        for path in made:
            path.unlink(missing_ok=True)
        raise
    return news


def _text(path: Path) -> str | None:
    """What it says; None where there is nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        if path.is_symlink():
            return ""
        return None

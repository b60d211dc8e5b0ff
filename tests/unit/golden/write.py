"""``python -m tests.unit.golden.write``: writes the texts with which the tests compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.unit.golden import (
    container_files,
    host_files,
    image_files,
    plan_lines,
    report_files,
)

FOLDER = Path(__file__).parent


def files() -> dict[str, str]:
    """All texts for hosts and people, by file name."""
    return {
        **host_files.texts(),
        **host_files.guard(),
        **container_files.texts(),
        **image_files.texts(),
        **report_files.texts(),
    }


KEPT: Mapping[str, Callable[[], dict[str, str]]] = {"plans": plan_lines.texts, "files": files}
"""Folder below this one to what gives its texts by file name."""


def read(folder: str) -> dict[str, str]:
    """The texts of that folder as they were written, by file name."""
    found = sorted(path for path in (FOLDER / folder).rglob("*") if path.is_file())
    return {str(p.relative_to(FOLDER / folder)): p.read_text(encoding="utf-8") for p in found}


def main() -> None:
    """Rewrite all texts and remove those that are no longer made."""
    for folder, make in KEPT.items():
        made = make()
        for name in read(folder).keys() - made.keys():
            (FOLDER / folder / name).unlink()
        for name, text in made.items():
            path = FOLDER / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{folder}: {len(made)} files")


if __name__ == "__main__":
    main()

"""What ``gpuwright init`` lays out in a team's own repository. It overwrites nothing."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gpuwright import deploy, locking

START = Path(__file__).parent / "start"
"""The files that are laid out, each with ``.in`` behind its name: none of them is ours to run."""
LAB = "inventories/lab.py"
"""The example of an inventory is the one that a checkout has."""
LAB_FILE = Path(__file__).parent / LAB


class LayoutError(RuntimeError):
    """Nothing can be laid out there. ``str()`` is the whole message for a user."""


@dataclass(frozen=True)
class Done:
    """What became of the files, by their paths in the folder."""

    written: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Files that say something else. They were left as they are."""


def wanted(version: str, wheel: Path | None = None) -> dict[str, bytes]:
    """The files by their paths, for this release of gpuwright.

    Args:
        version: The release.
        wheel: Its wheel, where it was installed from a file: the repository keeps a copy then.

    Raises:
        LayoutError: This is a checkout, which is used as it is.
    """
    if not deploy.names():
        raise LayoutError(
            "this is a checkout of gpuwright, which is used as it is; init belongs to an installed "
            "gpuwright: see docs/own-repository.md"
        )
    found = {
        path.relative_to(START).as_posix().removesuffix(".in"): path.read_text("utf-8")
        for path in START.rglob("*.in")
    }
    found[".gitignore"] = found.pop("gitignore")
    found[LAB] = LAB_FILE.read_text("utf-8")
    found["requirements.in"] = f"gpuwright=={version}\n"
    for name in deploy.names():
        found[f"deploys/{name}.py"] = one_line(name)
    files = {path: text.encode() for path, text in sorted(found.items())}
    if wheel is not None:
        files[f"{locking.WHEELS}/{wheel.name}"] = wheel.read_bytes()
    return files


def one_line(name: str) -> str:
    """The file of a deploy of ours in a team's repository: its words, and the line that runs it."""
    said = ast.get_docstring(ast.parse((deploy.FOLDER / f"{name}.py").read_text("utf-8"))) or name
    text = said.replace("\\", "\\\\")
    return f'"""{text}\n"""\n\nfrom gpuwright import deploy\n\ndeploy.run("{name}", __file__)\n'


def lay_out(folder: Path, files: Mapping[str, bytes]) -> Done:
    """Write the files that are not there.

    Args:
        folder: Where they belong; it is made if need be, and may hold whatever else.
        files: What they hold, by path.

    Raises:
        LayoutError: Something stands in the way; nothing was written then.
        OSError: A file cannot be read or written.
    """
    if (folder / "tasks/__init__.py").exists() and (folder / "sandbox/__main__.py").exists():
        raise LayoutError(
            f"{folder} is a checkout of gpuwright, which is used as it is; name another folder"
        )
    for place in dict.fromkeys(_folders(folder, files)):
        if os.path.lexists(place) and not place.is_dir():
            raise LayoutError(f"{place} is no folder; move it away, or name another folder")
    for path in files:
        if os.path.lexists(folder / path) and not (folder / path).is_file():
            raise LayoutError(f"{folder / path} is no file; move it away, or name another folder")
    done: dict[str, list[str]] = {"written": [], "same": [], "kept": []}
    for path, data in files.items():
        place = folder / path
        if place.exists():
            done["same" if place.read_bytes() == data else "kept"].append(path)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            file.write(data)
        done["written"].append(path)
    return Done(**{name: tuple(paths) for name, paths in done.items()})


def _folders(folder: Path, files: Mapping[str, bytes]) -> Iterator[Path]:
    yield from reversed(folder.parents)
    yield folder
    for path in files:
        yield from (folder / above for above in Path(path).parents[:-1])

"""Stacks from their files."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from pathlib import Path

from stacks.catalog import decode
from stacks.model import plain
from stacks.model.containers import ContainerRequest, ImageRequest
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest, Stack, TorchRequest

FOLDER = Path(__file__).parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+~:_*-]{0,127}")
_MOST_REFERENCE = 255
"""Characters of an image's reference; the rules say what one looks like."""


class StackError(ValueError):
    """A stack cannot be read, or host data cannot be laid over it.

    ``str()`` is the whole message for a user: file, line, what was found and what was expected.
    """


@dataclass(frozen=True)
class _File:
    """What a stack file may say. The name is the file's own."""

    summary: str
    driver: DriverRequest = field(default_factory=DriverRequest)
    cuda: CudaRequest | None = None
    cudnn: CudnnRequest | None = None
    torch: TorchRequest | None = None
    containers: ContainerRequest | None = None
    """Counts on a container host only."""
    image: ImageRequest | None = None


def is_name(name: object) -> bool:
    """Whether this can be a stack's name: letters, digits and ``. _ -``, and no path."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def checked_word(key: str, value: str) -> str:
    """A version, a name or the reference of an image, as a stack or host data may say it.

    It becomes part of package names, requirement files and commands on hosts. Raises `StackError`
    where it is none.
    """
    if key in ("image_base", "image.base"):
        good = value.isprintable() and len(value) <= _MOST_REFERENCE
    elif key in ("image_os", "image.os"):
        # Only a row of the catalogue comes of it (`stacks.catalog.releases`).
        good = value.isprintable() and _WORD.fullmatch(re.sub("[ ()/]", "-", value)) is not None
    else:
        good = _WORD.fullmatch(value) is not None
    if not good:
        raise StackError(
            f'"{key}" is {plain.told(value)}, expected a version or a name: letters, digits and '
            ". + ~ : _ - alone."
        )
    return value


def stack_names(directory: Path | None = None) -> list[str]:
    """Names of the stacks in ``directory`` (ours where it is left out), sorted."""
    folder = directory or FOLDER
    if not folder.is_dir():
        raise StackError(f"{folder} is no folder; --stacks names the one that holds stack files.")
    return sorted(path.stem for path in folder.glob("*.yaml") if is_name(path.stem))


def load_stack(name: str, directory: Path | None = None) -> Stack:
    """The stack of that name.

    ``directory`` holds stack files of one's own; ours are found as well. Raises `StackError` for
    an unknown name (with the nearest names) and for everything that the file says wrongly (with
    file and line).
    """
    folders = [directory, FOLDER] if directory else [FOLDER]
    path = next(
        (folder / f"{name}.yaml" for folder in folders if name in stack_names(folder)), None
    )
    if path is None:
        known = sorted({stack for folder in folders for stack in stack_names(folder)})
        longer = [key for key in known if name and key.startswith(name)]
        close = longer or decode.nearest(name, known)
        meant = "Did you mean " + " or ".join(f'"{c}"' for c in close) + "? " if close else ""
        hint = "" if is_name(name) else "A name has letters, digits and . _ - alone. "
        raise StackError(
            f"There is no stack {plain.quoted(name)}. {hint}{meant}Stacks: {', '.join(known)}."
        )
    shown = f"stacks/{path.name}" if path.parent == FOLDER else str(path)
    try:
        said = decode.load(path, _File, shown)
    except decode.SchemaError as error:
        raise StackError(str(error)) from None
    except OSError as error:
        raise StackError(f"{shown} cannot be read: {error.strerror}.") from None
    _check_words(said, shown)
    return Stack(
        name=name,
        summary=said.summary,
        driver=said.driver,
        cuda=said.cuda,
        cudnn=said.cudnn,
        torch=said.torch,
        containers=said.containers,
        image=said.image,
    )


def _check_words(said: _File, shown: str) -> None:
    for part in fields(said):
        request = getattr(said, part.name)
        if request is None or isinstance(request, str):
            continue
        for one in fields(request):
            value = getattr(request, one.name)
            for word in value if isinstance(value, tuple) else (value,):
                if word is not None:
                    try:
                        checked_word(f"{part.name}.{one.name}", word)
                    except StackError as error:
                        raise StackError(f"{shown}: {error}") from None

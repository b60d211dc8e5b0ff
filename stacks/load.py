"""Stacks from their files."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from stacks.catalog import decode
from stacks.model.containers import ContainerRequest, ImageRequest
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest, Stack, TorchRequest

FOLDER = Path(__file__).parent


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


def stack_names(directory: Path | None = None) -> list[str]:
    """Names of the stacks in ``directory`` (ours where it is left out), sorted."""
    folder = directory or FOLDER
    if not folder.is_dir():
        raise StackError(f"{folder} is no folder; --stacks names the one that holds stack files.")
    return sorted(path.stem for path in folder.glob("*.yaml"))


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
        close = decode.nearest(name, known)
        meant = "Did you mean " + " or ".join(f'"{c}"' for c in close) + "? " if close else ""
        raise StackError(f'There is no stack "{name}". {meant}Stacks: {", ".join(known)}.')
    shown = f"stacks/{path.name}" if path.parent == FOLDER else str(path)
    try:
        said = decode.load(path, _File, shown)
    except decode.SchemaError as error:
        raise StackError(str(error)) from None
    except OSError as error:
        raise StackError(f"{shown} cannot be read: {error.strerror}.") from None
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

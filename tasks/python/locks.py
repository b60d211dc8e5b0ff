"""Which hash lock an environment is built from: ours, or one beside a stack file of the user's own.

A stack that host data name by path (``stack = "stacks/mine.yaml"``) may have a folder ``locks``
beside it. A lock there takes the place of ours of the same name.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import stacks
from stacks.catalog.read import Catalog, read_locks
from tasks.hostdata import host as host_data
from tasks.hostdata.reading import Data

OURS = Path(stacks.__file__).parent / "locks"


def own_folder(data: Data) -> Path | None:
    """The folder ``locks`` beside the stack file that host data name, if it is there.

    Raises `ValueError` where ``stack`` is no text.
    """
    name = host_data.stack(data)
    folder = Path(name).parent / "locks"
    return folder if name.endswith((".yaml", ".yml")) and folder.is_dir() else None


def catalog_with_own(catalog: Catalog, data: Data) -> Catalog:
    """The catalogue, with the locks of `own_folder` beside and before ours."""
    folder = own_folder(data)
    if folder is None:
        return catalog
    return replace(catalog, locks={**catalog.locks, **read_locks(folder)})


def text(data: Data, name: str) -> str:
    """A lock by name. Raises `OSError` where it cannot be read."""
    folder = own_folder(data)
    own = folder / name if folder else OURS / name
    return (own if own.exists() else OURS / name).read_text()

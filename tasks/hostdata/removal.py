"""What host data say about a removal, checked before it is used. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tasks.hostdata.reading import Data, Reader

ALSO = ("workspaces", "images", "engine")
"""What goes only where it is named."""


@dataclass(frozen=True)
class RemovalSettings:
    """What else a removal takes away."""

    workspaces: bool = False
    images: bool = False
    engine: bool = False


def removal_settings(data: Data) -> RemovalSettings:
    """What these host data say. Raises `ValueError` with key, value and what was expected."""
    among = re.compile("|".join(ALSO))
    said = Reader(data).matches("also", among, f"names among {', '.join(ALSO)}")
    return RemovalSettings(**dict.fromkeys(said, True))

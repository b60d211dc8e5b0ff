"""The files of the module ``nvidia`` itself. Pure."""

from __future__ import annotations

import re

from facts.model.driver import ModuleFile
from facts.model.host import HostState

_MAIN = re.compile(r"nvidia(-current|-tesla|-legacy)?(-[0-9][0-9a-z_]*)?\.ko[^/]*")


def main_modules(state: HostState, kernel: str | None) -> tuple[ModuleFile, ...]:
    """The files of the module ``nvidia`` itself for this kernel, without ``nvidia-uvm`` and such.

    Debian renames the file (``nvidia-current.ko``), not always the module.
    """
    return tuple(
        m
        for m in state.driver.modules
        if m.kernel == kernel and _MAIN.fullmatch(m.path.rpartition("/")[2])
    )

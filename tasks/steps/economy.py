"""What pyinfra asks anew for every host and operation, and what has one answer in a run.

It walks the stack at every operation and looks for the source of each frame, of which it needs no
more than the line's number: two thirds of what a second run at forty hosts costs the controller
(pyinfra 3.10.0, Python 3.11). It works out the types of its arguments at every operation, and which
connectors are installed at every host.
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from importlib.metadata import version

import pyinfra
from pyinfra.api import arguments, connectors
from pyinfra.api.state import State
from pyinfra.api.util import PYINFRA_INSTALL_DIR
from pyinfra.connectors import base

WALKED = "3.10."
"""Of which versions `operation_order` is known to say the same as pyinfra itself."""
_ASKED = (
    (arguments, "get_type_hints"),
    (base, "get_type_hints"),
    (connectors, "entry_points"),
    (connectors, "_load_connector"),
)
"""Modules of pyinfra, and names in them of functions whose answers stay the same."""


def install() -> None:
    """From here on, each of these is asked once, and the stack is walked without reading source."""
    for place, name in _ASKED:
        before = getattr(place, name, None)
        if before is not None and not hasattr(before, "cache_info"):
            setattr(place, name, functools.cache(before))
    if version("pyinfra").startswith(WALKED):
        # By its name: `pyinfra.api.operation` is the decorator where it is imported.
        module = import_module("pyinfra.api.operation")
        setattr(module, "get_operation_order_from_stack", operation_order)  # noqa: B010


def operation_order(state: State) -> list[int]:
    """Where an operation stands, for pyinfra to order operations by.

    Args:
        state: Of the run.

    Returns:
        The number of the deploy file where pyinfra was called on a command line, then the lines of
        the deploy and of what it calls, outermost first, without pyinfra's own.
    """
    frames = []
    frame = sys._getframe(1)  # `inspect.stack` is what costs
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back  # type: ignore[assignment]
    frames.reverse()
    names = [name for name, _ in frames]
    first = 0
    if deploy := state.current_deploy_filename:
        first = names.index(deploy) if deploy in names else len(names)
    numbers = [state.current_op_file_number] if pyinfra.is_cli else []
    ours = (line for name, line in frames[first:] if not name.startswith(PYINFRA_INSTALL_DIR))
    return [*numbers, *ours]

"""What a removal goes by, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.removal.Removal
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.removal import traces
from facts.parse.sections import ProbeError
from facts.removal_model import Traces
from facts.script import as_root, text

_CALL = "\nframed removal </dev/null 2>/dev/null | printable\n"


def removal_command() -> str:
    """The shell text: as root, through ``sudo -n``, or else with fewer rights."""
    return as_root(text("frame", "probe/family", "removal") + _CALL)


class Removal(FactBase[Traces]):
    """What was there before us, what we brought, and what is there now. Reads only."""

    @override
    def command(self) -> str:
        return removal_command()

    @override
    def process(self, output: list[str]) -> Traces:
        try:
            return traces(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot look at what is to be removed: {error}") from error

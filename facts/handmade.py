"""What people put on a host by hand, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.handmade.HandmadeParts
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.handmade_model import Handmade
from facts.parse.handmade import handmade
from facts.parse.sections import ProbeError
from facts.script import as_root, text

_CALL = "\nframed handmade | printable\n"


class HandmadeParts(FactBase[Handmade]):
    """PyTorch in environments of any kind, and NCCL's settings: reads only.

    Returns a `facts.handmade_model.Handmade`. An answer that is cut off fails this host alone.
    """

    @override
    def command(self) -> str:
        return as_root(text("frame", "handmade") + _CALL)

    @override
    def process(self, output: list[str]) -> Handmade:
        try:
            return handmade(output)
        except ProbeError as error:
            raise FactProcessError(
                f"cannot look for PyTorch and NCCL's settings on this host: {error}"
            ) from error

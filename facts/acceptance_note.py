"""What deploys/verify.py has noted on a host.

.. code:: console

    pyinfra inventories/lab.py fact facts.acceptance_note.AcceptanceNote
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse import jsontext

FILE = "/var/lib/gpuwright/verify.json"
_BEGIN, _END = "##gpuwright-note", "##gpuwright-note-end"
MOST_BYTES = 1 << 20
"""Some 50 times what sixteen GPUs come to."""


class AcceptanceNote(FactBase[Mapping[str, Any]]):
    """The file as it is: ``{"noted": {…}}``, with None where there is none that can be read."""

    @override
    def command(self) -> str:
        return (
            f"echo '{_BEGIN}'; if [ -f {FILE} ]; then head -c {MOST_BYTES} {FILE} | "
            f"LC_ALL=C tr '\\000-\\010\\013-\\037\\177-\\377' '?'; echo; fi; echo '{_END}'"
        )

    @override
    def process(self, output: list[str]) -> Mapping[str, Any]:
        lines = list(output)
        if _BEGIN not in lines or lines[-1] != _END:
            raise FactProcessError("the answer is cut off: connection lost or shell killed")
        try:
            noted = jsontext.loads("\n".join(lines[lines.index(_BEGIN) + 1 : -1]))
        except ValueError:
            noted = None
        return {"noted": noted if isinstance(noted, dict) else None}

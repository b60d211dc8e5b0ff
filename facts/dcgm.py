"""What NVIDIA's DCGM says of a host's GPUs, where it is installed.

.. code:: console

    pyinfra inventories/lab.py fact facts.dcgm.DcgmDiagnosis
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.dcgm_model import Dcgm
from facts.parse.dcgm import dcgm
from facts.program import AnswerError, ending, read, run_tool

SECONDS = 240
"""Level 2 takes some two minutes (DCGM user guide, diagnostics)."""
_NONE = "there is no dcgmi on this host"


class DcgmDiagnosis(FactBase[Dcgm]):
    """``dcgmi diag`` at a level, as JSON. It loads the GPUs and changes nothing.

    + level: 1 to 4
    + seconds: how long it may take
    """

    @override
    def command(self, level: int = 2, seconds: int = SECONDS) -> str:
        run = run_tool(f"dcgmi diag -r {level} -j", seconds)
        return (
            f"if command -v dcgmi >/dev/null 2>&1; then {run}\n"
            f"else echo '{_NONE}'; echo '##gpuwright-exit 127'; fi"
        )

    @override
    def process(self, output: list[str]) -> Dcgm:
        try:
            code, lines, _ = read(output, SECONDS)
        except AnswerError as error:
            raise FactProcessError(f"DCGM: {error}") from error
        if _NONE in lines:
            return Dcgm(why=_NONE)
        return dcgm(lines, code, ending(code, SECONDS))

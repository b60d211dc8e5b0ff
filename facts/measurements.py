"""How fast a host's GPUs are, as the host's own program measures it.

.. code:: console

    pyinfra inventories/lab.py fact facts.measurements.SpeedMeasurements
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.measurements_model import Measurements
from facts.parse.measurements import measurements
from facts.program import AnswerError, ending, read, run_tool

PROGRAM = "/opt/gpuwright/bin/gpuwright-measure"
SECONDS = 300
"""Five minutes for all GPUs of a host; the program itself ends before."""
_NONE = "there is no gpuwright-measure on this host: run deploys/gpu_host.py once more"


class SpeedMeasurements(FactBase[Measurements]):
    """Memory, copies and matrix products of each GPU, alone and beside the others; all-reduce."""

    @override
    def command(self, seconds: int = SECONDS) -> str:
        run = run_tool(f"{PROGRAM} --limit {seconds - 15}", seconds)
        return (
            f"if [ -x {PROGRAM} ]; then {run}\nelse echo '{_NONE}'; echo '##gpuwright-exit 127'; fi"
        )

    @override
    def process(self, output: list[str]) -> Measurements:
        try:
            code, lines, _ = read(output, SECONDS)
        except AnswerError as error:
            raise FactProcessError(f"measuring: {error}") from error
        if _NONE in lines:
            return Measurements(why=_NONE)
        return measurements(lines, ending(code, SECONDS) if code not in (0, 3) else "")

"""A real CUDA call on the host.

.. code:: console

    pyinfra inventories/lab.py fact facts.cuda_call.CudaCall
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse import answers
from facts.program import AnswerError, answer, run_program
from facts.runtime import CudaAnswer

SECONDS = 60
"""A wedged GPU can hang cuInit for ever (diagnosis: GSP time-outs)."""


class CudaCall(FactBase[CudaAnswer]):
    """cuInit, cuDeviceGetCount, and 1 MiB written to and read from every device.

    Only the driver API is used, so it proves the driver and needs no toolkit. Any Python 3 of the
    host will do; the managed environment's comes first. Runs as the login user, as a user's
    program would.
    """

    @override
    def command(self, venv: str = "/opt/gpuwright/current", seconds: int = SECONDS) -> str:
        pythons = (f"{venv}/bin/python", "python3", "/usr/bin/python3.*[0-9]")
        return run_program("cuda_call", pythons, seconds)

    @override
    def process(self, output: list[str]) -> CudaAnswer:
        try:
            data, python = answer(output, SECONDS)
        except AnswerError as error:
            raise FactProcessError(f"CUDA call: {error}") from error
        return answers.cuda(data, python)

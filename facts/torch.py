"""What torch says in a managed environment.

.. code:: console

    pyinfra inventories/lab.py fact facts.torch.TorchRuntime venv=/opt/gpuwright/current
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse import answers
from facts.program import AnswerError, answer, run_program
from facts.runtime import TorchAnswer

SECONDS = 180
"""A first import reads some 2 GB of libraries; a slow disk takes a minute."""


class TorchRuntime(FactBase[TorchAnswer]):
    """Import torch in an environment and ask it for everything that a report or a proof needs.

    + venv: the environment's folder
    + env_file: an environment file to source before, as a user's shell would
    """

    def __init__(self) -> None:
        self.venv = ""

    @override
    def command(self, venv: str = "/opt/gpuwright/current", env_file: str | None = None) -> str:
        self.venv = venv
        return run_program("torch_runtime", (f"{venv}/bin/python",), SECONDS, env_file)

    @override
    def process(self, output: list[str]) -> TorchAnswer:
        try:
            data, _ = answer(output, SECONDS)
        except AnswerError as error:
            raise FactProcessError(f"torch: {error}") from error
        return answers.torch(data, self.venv)

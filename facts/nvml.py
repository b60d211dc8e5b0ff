"""GPUs as the driver manages them.

.. code:: console

    pyinfra inventories/lab.py fact facts.nvml.Nvml
"""

from __future__ import annotations

import shlex

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse import answers
from facts.parse.smi import smi
from facts.program import AnswerError, answer, ending, read, run_program, run_tool
from facts.runtime import NvmlInventory

SECONDS = 30
_PYTHON, _SMI = "##gpuwright-source nvidia-ml-py", "##gpuwright-source nvidia-smi"


class Nvml(FactBase[NvmlInventory]):
    """NVML's inventory: nvidia-ml-py in the managed environment, else ``nvidia-smi -q -x``."""

    @override
    def command(self, venv: str = "/opt/gpuwright/current") -> str:
        module = f"{shlex.quote(venv)}/lib/python3*/site-packages/pynvml.py"
        program = run_program("nvml_inventory", (f"{venv}/bin/python",), SECONDS)
        none = f"no pynvml in {venv} and no nvidia-smi: is a driver installed?"
        return (
            f"set -- {module}\n"
            f'if [ -f "$1" ]; then echo {shlex.quote(_PYTHON)}\n{program}\n'
            "elif command -v nvidia-smi >/dev/null 2>&1; then\n"
            f"echo {shlex.quote(_SMI)}\n{run_tool('nvidia-smi -q -x', SECONDS)}\n"
            f"else echo {shlex.quote('##gpuwright-why ' + none)}; echo '##gpuwright-exit 0'; fi"
        )

    @override
    def process(self, output: list[str]) -> NvmlInventory:
        words = [line for line in output if line not in (_PYTHON, _SMI)]
        try:
            if _SMI in output:
                code, lines, _ = read(words, SECONDS)
                return smi(lines, ending(code, SECONDS))
            data, _ = answer(words, SECONDS)
        except AnswerError as error:
            raise FactProcessError(f"NVML: {error}") from error
        if _PYTHON not in output:
            return NvmlInventory(source=None, why=str(data.get("why")))
        return answers.nvml(data)

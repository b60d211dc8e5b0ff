"""A container that is given the GPUs: what it sees of them.

.. code:: console

    pyinfra inventories/lab.py fact facts.container_proof.ContainerProof image=debian:bookworm-slim
"""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.engine_model import ContainerAnswer
from facts.parse import answers
from facts.parse.sections import ProbeError, split
from facts.program import AnswerError, answer, run_program
from facts.runtime import CudaAnswer
from facts.script import as_root, text

SECONDS = 60
WITHIN = 360
"""For the container from its start to its last answer."""
_END = "GPUWRIGHT_IN_CONTAINER_ENDS"
_CALL = '\nframed proof "$@" 2>/dev/null | printable\n'


def proof_command(engine: str, image: str, ask: Sequence[str], within: int = WITHIN) -> str:
    """The shell text, run as root where that can be had."""
    inside = run_program("cuda_call", ("python3", "python", "/usr/bin/python3.*[0-9]"), SECONDS)
    program = f"\nprogram() {{ cat <<'{_END}'\n{inside}\n{_END}\n}}\n"
    script = f"LIMIT={within}\n" + text("frame", "container_proof") + program + _CALL
    return as_root(script, (engine, image, *ask))


class ContainerProof(FactBase[ContainerAnswer]):
    """Start a container that sleeps, list its GPUs, reload systemd, list again, make a CUDA call.

    + image: one that is on the host; nothing is pulled
    + ask: words of ``run`` that ask for all GPUs
    + engine: ``docker`` or ``podman``
    + within: seconds that all of it may take, beside taking the container away

    The container has no network and goes away afterwards, at the latest after five minutes.
    """

    @override
    def command(
        self,
        image: str,
        ask: Sequence[str] = ("--gpus", "all"),
        engine: str = "docker",
        within: int = WITHIN,
    ) -> str:
        return proof_command(engine, image, ask, within)

    @override
    def process(self, output: list[str]) -> ContainerAnswer:
        try:
            section = split(output)["proof"]
        except ProbeError as error:
            raise FactProcessError(f"container with GPUs: {error}") from error
        said = " ".join(line.strip() for line in section.part("said") if line.strip())
        if section.first("started") != "true":
            return ContainerAnswer(False, said)
        try:
            data, python = answer(section.part("cuda"), SECONDS)
            cuda = answers.cuda(data, python)
        except AnswerError:
            cuda = CudaAnswer(None, why="the container ended under it")
        return ContainerAnswer(
            True, said, tuple(section.part("before")), tuple(section.part("after")), cuda
        )

"""Programs that hold a GPU's device files open, and whose they are.

.. code:: console

    pyinfra inventories/lab.py fact facts.gpu_owners.GpuOwners
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.script import as_root, text

_END = "##gpuwright-gpu-owners-end"


class GpuOwners(FactBase[list[str]]):
    """``OWNER: NAME (PID)`` of each program with an open ``/dev/nvidia*``; empty: nobody's.

    One in a container is told with the beginning of the container's id. The owner is as the host
    calls the user, ``uid 1000`` where it has no such user. The driver's own daemons do not count.
    Without root only the login's own programs are seen.
    """

    @override
    def command(self) -> str:
        return as_root(f"{text('gpu_owners')}\necho '{_END}'")

    @override
    def process(self, output: list[str]) -> list[str]:
        if not output or output[-1] != _END:
            raise FactProcessError("the list of programs that use the GPU is cut off")
        return [_told(line) for line in output[:-1]]


def _told(line: str) -> str:
    parts = line.split("|", 3)
    if len(parts) != 4:
        raise FactProcessError("the list of programs that use the GPU cannot be read")
    pid, owner, container, name = parts
    inside = f" in container {container}" if container else ""
    return f"{owner}: {name} ({pid}){inside}"

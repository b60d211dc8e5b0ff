"""Programs that hold a GPU's device files open.

.. code:: console

    pyinfra inventories/lab.py fact facts.gpu_users.GpuUsers
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.script import LIMITED

_END = "##gpuwright-users-end"


class GpuUsers(FactBase[list[str]]):
    """``PID NAME`` of each process with an open ``/dev/nvidia*``, the driver's own daemons apart.

    The driver's daemons (persistence, Fabric Manager, DCGM …) do not count: a reload stops them.
    """

    @override
    def command(self) -> str:
        return (
            "{ for fd in $(find /proc/[0-9]*/fd -lname '/dev/nvidia*' 2>/dev/null); do "
            "pid=${fd#/proc/}; echo ${pid%%/*}; done | sort -un | while read -r pid; do "
            "name=$(cat /proc/$pid/comm 2>/dev/null) || continue; case $name in "
            "nvidia-persiste*|nv-fabricmanage*|nv-hostengine*|dcgm-exporter*|nvidia-gridd*"
            '|nvidia-topology*|nvlsm*) ;; *) echo "$pid $name" ;; esac; done; '
            f"echo '{_END}'; }} | {LIMITED}"
        )

    @override
    def process(self, output: list[str]) -> list[str]:
        if not output or output[-1] != _END:
            raise FactProcessError("the list of programs that use the GPU is cut off")
        return output[:-1]

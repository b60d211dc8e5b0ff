"""Whom a reboot of the host would interrupt.

.. code:: console

    pyinfra inventories/lab.py fact facts.host_users.HostUsers
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.script import as_root, text

_END = "##gpuwright-host-users-end"


class HostUsers(FactBase[list[str]]):
    """One line each: programs with a GPU's device file open, people logged in, containers.

    People: whoever has a terminal, on the console, over ssh or in ``tmux``; the connection that
    asks has none. Containers: those of whatever engine that have NVIDIA's device files, whether a
    program has one open now or not. The driver's own daemons do not count.
    """

    @override
    def command(self) -> str:
        return as_root(f"{text('host_users')}\necho '{_END}'")

    @override
    def process(self, output: list[str]) -> list[str]:
        if not output or output[-1] != _END:
            raise FactProcessError("the list of those who use the host is cut off")
        return output[:-1]

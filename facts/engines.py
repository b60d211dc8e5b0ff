"""Container engines of a host, and what hands them GPUs, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.engines.ContainerEngines
"""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.engine_model import Engines
from facts.parse.engines import engines
from facts.parse.sections import ProbeError
from facts.script import as_root, text

_CALL = '\nframed engines "$@" </dev/null 2>/dev/null | printable\n'


def engines_command(users: Sequence[str] = ()) -> str:
    """The shell text: as root, through ``sudo -n``, or else with fewer rights."""
    return as_root(text("frame", "theirs", "engines") + _CALL, users)


class ContainerEngines(FactBase[Engines]):
    """Docker, containerd, podman, NVIDIA's container toolkit and CDI specs: reads only.

    + users: who should be able to talk to Docker; told is which of them the host knows

    Returns a `facts.engine_model.Engines`. Docker is asked only where its daemon runs. An answer
    that is cut off fails this host alone.
    """

    @override
    def command(self, users: Sequence[str] = ()) -> str:
        return engines_command(users)

    @override
    def process(self, output: list[str]) -> Engines:
        try:
            return engines(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot look at this host's containers: {error}") from error

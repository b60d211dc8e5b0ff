"""What a host has kept of its past, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.past.HostPast
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.past import past
from facts.parse.sections import ProbeError
from facts.past_model import Past
from facts.script import as_root, text

_CALL = "\nframed past | printable\n"


class HostPast(FactBase[Past]):
    """Packages that moved by the logs of apt, dpkg and dnf, and kept results: reads only.

    Returns a `facts.past_model.Past`. An answer that is cut off fails this host alone.
    """

    @override
    def command(self) -> str:
        return as_root(script())

    @override
    def process(self, output: list[str]) -> Past:
        try:
            return past(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot read this host's past: {error}") from error


def script() -> str:
    """The script, whole."""
    return text("frame", "past") + _CALL

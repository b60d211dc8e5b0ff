"""A second look at a host for its driver's sake, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.evidence.HostEvidence
"""

from __future__ import annotations

from collections.abc import Sequence

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.evidence_model import Evidence
from facts.parse.evidence import evidence
from facts.parse.sections import ProbeError
from facts.script import as_root, text


def evidence_command(kernels: Sequence[str] = ()) -> str:
    """The shell text: as root, through ``sudo -n``, or else with fewer rights."""
    return as_root(text("frame", "theirs", "engines", "evidence"), kernels)


class HostEvidence(FactBase[Evidence]):
    """Logs, copies of the module, device files, package checks and containers: reads only.

    + kernels: whose initramfs is looked into (this takes most of the time)

    Returns a `facts.evidence_model.Evidence`. An answer that is cut off fails this host alone.
    """

    @override
    def command(self, kernels: Sequence[str] = ()) -> str:
        return evidence_command(kernels)

    @override
    def process(self, output: list[str]) -> Evidence:
        try:
            return evidence(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot take a second look at this host: {error}") from error

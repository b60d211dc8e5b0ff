"""A second look at a host for its driver's sake, in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.evidence.HostEvidence
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.evidence_model import Evidence
from facts.parse.evidence import evidence
from facts.parse.sections import ProbeError
from facts.script import as_root, text

_PROGRAM = Path(__file__).parent / "onhost/login_view.py"


def evidence_command(kernels: Sequence[str] = (), imports: bool = False) -> str:
    """The shell text: as root, through ``sudo -n``, or else with fewer rights.

    Args:
        kernels: Whose initramfs is looked into.
        imports: Whether torch is imported as an ordinary login; else its file is only looked for.
    """
    sections = text("frame", "theirs", "engines", "login", "evidence")
    return as_root(login_program(imports) + sections, kernels)


def login_program(imports: bool) -> str:
    """What ``facts/login.sh`` needs before it."""
    program = _PROGRAM.read_text(encoding="utf-8")
    shown = f"login_program() {{ cat <<'PROGRAM_ENDS'\n{program}PROGRAM_ENDS\n}}\n"
    return f"{shown}LOGIN_IMPORTS={'yes' if imports else ''}\n"


class HostEvidence(FactBase[Evidence]):
    """Logs, copies of the module, device files, package checks and containers: reads only.

    + kernels: whose initramfs is looked into (this takes most of the time)
    + imports: whether an ordinary login imports torch (some seconds); else it only looks for it

    Returns a `facts.evidence_model.Evidence`. An answer that is cut off fails this host alone.
    """

    @override
    def command(self, kernels: Sequence[str] = (), imports: bool = False) -> str:
        return evidence_command(kernels, imports)

    @override
    def process(self, output: list[str]) -> Evidence:
        try:
            return evidence(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot take a second look at this host: {error}") from error

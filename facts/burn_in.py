"""How far a host's burn-in is, or what the last one has found.

.. code:: console

    pyinfra inventories/lab.py fact facts.burn_in.BurnInResult
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.burn_in_model import BurnIn
from facts.parse.burn_in import burn_in
from facts.parse.sections import ProbeError, split
from facts.script import as_root, text

FOLDER = "/var/lib/gpuwright/jobs/burn-in"
UNIT = "gpuwright-burn-in.service"
_SCRIPT = f"""
burnt() {{
  sec burn_in
  part unit
  bound 10 systemctl is-active {UNIT} 2>/dev/null
  part result
  [ ! -f {FOLDER}/result.json ] || head -c 1000000 {FOLDER}/result.json
  echo
}}
framed burnt | printable
"""


class BurnInResult(FactBase[BurnIn]):
    """Its last word, or how far it is; reads only. Only root may read the job's folder."""

    @override
    def command(self) -> str:
        return as_root(text("frame") + _SCRIPT)

    @override
    def process(self, output: list[str]) -> BurnIn:
        try:
            section = split(output)["burn_in"]
        except ProbeError as error:
            raise FactProcessError(f"cannot read the burn-in of this host: {error}") from error
        running = section.first("unit") in ("active", "activating", "deactivating", "reloading")
        return burn_in(running, "\n".join(section.part("result")))

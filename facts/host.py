"""The probe as a pyinfra fact: everything cheap about a host in one round trip.

.. code:: console

    pyinfra inventories/lab.py fact facts.host.HostProbe
"""

from __future__ import annotations

import time
from dataclasses import replace

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.model.host import HostState
from facts.parse import ProbeError, parse_host
from facts.script import LIMITED, text

_PARTS = (
    *(
        "head",
        "system",
        "pci",
        "kernels",
        "driver",
        "family",
        "packages",
        "secure_boot",
        "software",
    ),
    *("ours", "disks", "units", "jetson", "settings", "main"),
)
_END = "GPUWRIGHT_PROBE_ENDS"

# The script travels as a here-document, so that a root shell can read it through sudo as well.
_HEAD = """\
gw_sh=sh gw_sudo=
if [ "$(id -u)" != 0 ]; then
  if gw_sudo=$(LC_ALL=C sudo -n true 2>&1); then gw_sh='sudo -n sh' gw_sudo=
  else gw_sudo=${gw_sudo:-sudo -n true failed without a word}; fi
fi
"""


def probe_script() -> str:
    """The script of the probe, whole: the parts in ``facts/probe/``, of which none runs alone."""
    return text(*(f"probe/{part}" for part in _PARTS))


def probe_command() -> str:
    """The shell text of the probe: as root, through ``sudo -n``, or else with fewer rights."""
    call = '$gw_sh -s -- "$(id -un)" "$(id -u)" "$gw_sudo"'
    return f"{_HEAD}{call} <<'{_END}' | {LIMITED}\n{probe_script()}\n{_END}\n"


class HostProbe(FactBase[HostState]):
    """Everything cheap about the host, from the PCI bus to our own record.

    Returns a `facts.model.host.HostState`. What could not be read is in its ``unread`` with the
    reason. An answer that is cut off fails this host, and no other.
    """

    @override
    def command(self) -> str:
        return probe_command()

    @override
    def process(self, output: list[str]) -> HostState:
        try:
            return replace(parse_host(output), asked_s=time.time())
        except ProbeError as error:
            raise FactProcessError(f"cannot read this host's state: {error}") from error

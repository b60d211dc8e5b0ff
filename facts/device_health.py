"""GPUs as nvidia-smi reports them, at rest and while the host's self-test keeps them busy.

.. code:: console

    pyinfra inventories/lab.py fact facts.device_health.DeviceHealth
"""

from __future__ import annotations

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.device_health_model import Health
from facts.parse.device_health import health
from facts.parse.sections import ProbeError
from facts.script import as_root, text

SECONDS = 40
"""For the self-test."""
WITHIN = 55
"""For the whole look, so that it stays within a minute."""


class DeviceHealth(FactBase[Health]):
    """ECC, rows, pages, clocks, power, links of each GPU, in one round trip.

    + seconds: how long the self-test may take; 0: it is not run, and nothing is seen under load
    + within: how long all of it may take; what that leaves no time for is told as not read
    """

    @override
    def command(self, seconds: int = SECONDS, within: int = WITHIN) -> str:
        return as_root(text("frame", "device_health"), (str(seconds), str(within)))

    @override
    def process(self, output: list[str]) -> Health:
        try:
            return health(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot read this host's GPUs: {error}") from error

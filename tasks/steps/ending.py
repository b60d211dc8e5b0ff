"""How a run ends on a host that is CRITICAL."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host


def critical(why: str) -> FunctionCommand:
    """Fail the host, and say why; the other hosts go on.

    Args:
        why: Codes of the findings, or the faults in words.
    """
    return FunctionCommand(_fail, (why,), {})


def _fail(state: object, host: Host, why: str) -> bool:
    logger.error(f"{host.print_prefix}verdict CRITICAL: {why}")
    return False

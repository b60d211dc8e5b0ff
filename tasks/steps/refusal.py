"""A host that cannot go on: said once, counted, and left as it was."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from tasks.steps.step import Commands, step, this_run


def bad_data(error: Exception) -> Conflict:
    """STACK-INVALID: host data or stack cannot be read."""
    return Conflict(
        "STACK-INVALID",
        "the stack or the host's data cannot be read",
        str(error),
        ("mend the line named above; python -m stacks list shows the stacks",),
        "stacks/model/plan.py",
    )


def refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """Say why this host is left as it is, and fail it; the others go on."""
    this_run().failed_hosts.add(host)  # so that `--dry`, which runs no step, fails as well
    logger.error(f"{host.print_prefix}refused; nothing on this host was changed")
    for conflict in conflicts:
        logger.error(f"{host.print_prefix}{conflict.code}: {conflict.what}")
        logger.error(f"{host.print_prefix}    why: {conflict.why}")
        for remedy in conflict.remedies:
            logger.error(f"{host.print_prefix}    do:  {remedy}")
    codes = ", ".join(c.code for c in conflicts)
    refused(codes=codes, name=f"Refused: {codes}")


@step
def refused(codes: str) -> Commands:
    """Fail this host and no other.

    Args:
        codes: The conflicts' codes.
    """
    yield FunctionCommand(_give_up, (), {})


def _give_up(state: object, host: Host) -> bool:
    return False

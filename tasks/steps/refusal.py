"""A host that cannot go on: said once, counted, and left as it was."""

from __future__ import annotations

from collections.abc import Iterable

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from stacks.model.messages import Conflict
from tasks.steps import course, failing
from tasks.steps.step import Commands, step, this_run


class Refused(Exception):  # noqa: N818 - a host's answer, and no error of the program
    """Why the host at hand is to be left as it is."""

    def __init__(self, *conflicts: Conflict) -> None:
        super().__init__(", ".join(conflict.code for conflict in conflicts))
        self.conflicts = conflicts


def bad_data(error: Exception) -> Conflict:
    """STACK-INVALID: host data or stack cannot be read."""
    return Conflict(
        "STACK-INVALID",
        "the stack or the host's data cannot be read",
        str(error),
        ("fix the line named above; python -m stacks list shows the stacks",),
        "stacks/model/plan.py",
    )


def told(host: Host, conflicts: Iterable[Conflict]) -> None:
    """Print what speaks against going on with this host, and the ways out."""
    for conflict in conflicts:
        logger.error(f"{host.print_prefix}{conflict.code}: {conflict.what}")
        logger.error(f"{host.print_prefix}    why: {conflict.why}")
        for remedy in conflict.remedies:
            logger.error(f"{host.print_prefix}    do:  {remedy}")


def refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """Say why this host is left as it is, and fail it; the others go on."""
    this_run().failed_hosts.add(host)  # so that `--dry`, which runs no step, fails as well
    logger.error(f"{host.print_prefix}refused; nothing on this host was changed")
    told(host, conflicts)
    course.of_host(host).refused = tuple(c.code for c in conflicts)
    codes = ", ".join(c.code for c in conflicts)
    refused(codes=codes, name=f"Refused: {codes}")


def refuse_another(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """Refuse a host that is not the one at hand, while pyinfra prepares: its steps will not run."""
    this_run().failed_hosts.add(host)
    this_run().active_hosts.discard(host)
    course.of_host(host).refused = tuple(c.code for c in conflicts)
    logger.error(f"{host.print_prefix}refused; nothing on this host was changed")
    told(host, conflicts)


@step
def refused(codes: str) -> Commands:
    """Fail this host and no other.

    Args:
        codes: The conflicts' codes.
    """
    yield FunctionCommand(_give_up, (), {})


def given_up(conflicts: tuple[Conflict, ...]) -> FunctionCommand:
    """A command that fails this host in the middle of a run, and says why."""
    return FunctionCommand(_give_up, (conflicts,), {})


@failing.harmless
def _give_up(state: object, host: Host, conflicts: tuple[Conflict, ...] = ()) -> bool:
    told(host, conflicts)
    return False

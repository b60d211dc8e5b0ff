"""What is going on on each host, and why one goes no further: said once, and known at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from paramiko import SSHException
from pyinfra import logger
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from stacks.model.plain import one_line

LOST = (TimeoutError, OSError, EOFError, SSHException, PyinfraError)
"""What a host that goes away in the middle makes of a command."""


@dataclass
class Course:
    """One host in this run."""

    step: str = ""
    """What is being done now."""
    jobs: dict[str, str] = field(default_factory=dict)
    """Jobs of the host that this run began or joined and has not seen end: unit, and its title."""
    why: str = ""
    """Why it goes no further; empty: nothing is known to be wrong."""
    refused: tuple[str, ...] = ()
    """Codes of the conflicts for which it is left as it is."""
    verdict: str = ""
    """What a deploy that only asks says of it; empty: none has."""


_courses: WeakKeyDictionary[Host, Course] = WeakKeyDictionary()


def of_host(host: Host) -> Course:
    """The host's course, which grows."""
    return _courses.setdefault(host, Course())


def stopped(host: Host, why: str, at: str = "") -> None:
    """Say why this host goes no further. Only the first reason is told; the rest follows from it.

    Args:
        host: The host.
        why: Cause and way out, in one line.
        at: What was being done.
    """
    course = of_host(host)
    if not course.why:
        course.why = one_line(why)
        logger.error(f"{host.print_prefix}{at}{': ' if at else ''}{course.why}")


def known(host: Host, why: str) -> None:
    """As `stopped`, where somebody else has said it already."""
    course = of_host(host)
    course.why = course.why or one_line(why)


def words(error: BaseException) -> str:
    """What an exception means for its host, in one line; the debug log has where it happened."""
    logger.debug("where it happened:", exc_info=error)
    said = str(error)
    if isinstance(error, PyinfraError):
        return said or type(error).__name__
    if isinstance(error, EOFError | SSHException | ConnectionError):
        return f"the connection was lost ({said or type(error).__name__})"
    if isinstance(error, TimeoutError):
        return said or "it gave no answer in time"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {said}"
    return f"internal error, {type(error).__name__}: {said} (--debug says where)"

"""The opening of a host: one look, and its work or its refusal before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.load import StackError
from stacks.model.messages import Conflict
from tasks.host import preflight, twins
from tasks.hostdata import host as host_data
from tasks.hostdata import names, network
from tasks.mirrors import standing
from tasks.repositories import strangers
from tasks.steps import around, course
from tasks.steps.login import Unusable
from tasks.steps.refusal import Refused, bad_data, refuse, refuse_another
from tasks.steps.rise import meet, risen
from tasks.steps.step import host_state, invalidate, this_host, this_run

T = TypeVar("T")
Decide = Callable[[Host, HostState], T | None]


class Report(Protocol):
    """What prints the end of a run: a module of a room, mostly."""

    def register(self, host: Host) -> None:
        """Give this host a line."""

    def refused(self, host: Host, conflicts: tuple[Conflict, ...]) -> None:
        """Let its line say that it is left as it is, and why."""


def opened(decide: Decide[T], report: Report | None = None) -> T | None:
    """What is to be done on the host at hand; a host that cannot have it is refused.

    Args:
        decide: As in `decided`.
        report: What prints the end of the run.

    Returns:
        What `decide` gave; None where the host was refused or could not be read, which has been
        said then. The other hosts go on.
    """
    host = this_host()
    if report is not None:
        report.register(host)
    try:
        work = decided(host, decide)
    except Refused as refusal:
        if report is not None:
            report.refused(host, refusal.conflicts)
        refuse(host, refusal.conflicts)
        if twins.is_one(refusal.conflicts):
            for other in twins.others(host, opened=True):
                if report is not None:
                    report.refused(other, refusal.conflicts)
                refuse_another(other, refusal.conflicts)
    except PyinfraError:
        raise  # the last host has failed, and that ends the run
    except Exception as error:
        course.stopped(host, course.words(error), at="cannot be judged")
        this_run().fail_hosts({host})  # type: ignore[no-untyped-call]
    else:
        twins.opened(host)
        return work
    return None


def decided(host: Host, decide: Decide[T]) -> T | None:
    """What is to be done on the host at hand; None where it could not be read.

    One without root or systemd is refused first, and for that alone: what else is seen of it
    without root is no more than half.

    Args:
        host: The host.
        decide: Gives the work of a host in this state, before anything is touched; None where the
            host went away meanwhile. Raises `Refused` with what speaks against it, and
            `StackError`, `ValueError` or `OSError` where host data, or a file that they name,
            cannot be read.

    Raises:
        Refused: The host cannot have it.
    """
    try:
        state = seen(host)
    except Unusable as why:
        raise Refused(why.conflict) from why
    if state is None:
        return None
    if conflicts := preflight.access(state):
        raise Refused(*conflicts)
    around.tolerate(host, strangers.of_host(state))
    twins.noted(host, state)
    _alone(host)
    try:
        # The steps read these later: what is wrong is said now.
        host_data.waits(host.data)
        network.network_settings(host.data)
        standing.begin(host, state)
        work = decide(host, state)
    except (StackError, ValueError, OSError) as error:
        if course.of_host(host).why:
            raise  # it is the host that went away
        raise Refused(bad_data(error)) from error
    _alone(host)  # it may have answered to another name meanwhile
    return work


def _alone(host: Host) -> None:
    if others := twins.others(host):
        raise Refused(twins.same_machine([host.name, *(other.name for other in others)]))


def seen(host: Host) -> HostState | None:
    """The state of the host at hand, from here on through sudo where its login needs that.

    Names of host data that look misspelt are told. None where the probe failed: pyinfra has said so
    and given the host up.

    Raises:
        tasks.steps.login.Unusable: The login runs nothing, or sudo's password is not the right one.
    """
    meet(host)
    state: HostState | None = host_state()
    if state is None:
        return None
    names.tell(host)
    if not state.login.root and risen(host, state.login.sudo_error or ""):
        invalidate(host)
        if (state := host_state()) is None:
            return None
    if state.login.uid != 0 and state.login.root:
        host.data._sudo = True
    return state

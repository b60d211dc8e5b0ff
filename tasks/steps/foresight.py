"""The exit status of ``--dry`` that says what it predicts: host data ``exit``."""

from __future__ import annotations

from pyinfra.api.host import Host

from tasks.hostdata.report import exits_on_changes
from tasks.steps import ending, screen

SAME, CHANGES, FAILED, UNKNOWN = 0, 1, 2, 3


def status() -> int | None:
    """The exit status of the run at hand, which was prepared and is not executed.

    Where host data say ``exit: changes``: 0 nothing would change, 1 something would, 2 a host
    failed or was refused, 3 one was not reached; 2 before 3 before 1. None where they do not, and
    where the deploy only asks and ends itself.
    """
    run = ending.this_run()
    if run is None:
        return None
    hosts = [host for host in run.inventory if run.is_host_in_limit(host)]
    if not any(_asks(host) for host in hosts):
        return None
    reached = run.activated_hosts
    if reached and not any(run.ops[host] for host in hosts):
        return FAILED if run.failed_hosts & reached else None
    if run.failed_hosts & reached:
        return FAILED
    if any(host not in reached for host in hosts):
        return UNKNOWN
    if not run.check_for_changes:
        screen.say(["exit=changes: with -y pyinfra looks for no changes: leave -y out"])
        return UNKNOWN
    # Counted while it was prepared: an operation that is asked again now would ask its host again.
    return CHANGES if any(run.meta[host].ops_change for host in hosts) else SAME


def _asks(host: Host) -> bool:
    try:
        return exits_on_changes(host.data)
    except ValueError:  # what is wrong there is said where the host is opened
        return True

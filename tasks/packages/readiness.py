"""apt and dpkg before our own work: free of others, and whole."""

from __future__ import annotations

import time

import gevent
from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.hostdata import host as hostdata_host
from tasks.packages import manager as packages
from tasks.packages import repair_state
from tasks.steps import course, failing, job
from tasks.steps.connection import patience
from tasks.steps.step import Commands, host_state, invalidate, step, this_host

WITHOUT_APT = ("cuda-fetch", "dkms", "venv")
"""Jobs of ours that hold no lock: they may go on beside whatever comes."""


@step
def lock_free(plan: Plan | None, limit_s: int = hostdata_host.LOCK_WAIT_S) -> Commands:
    """Wait for whoever holds apt's or dpkg's locks, and name them if they do not let go.

    A job of ours that a cut-off run has left is waited for as long as one may take at all.

    Args:
        plan: Not read; every step takes it.
        limit_s: Seconds to wait at most for others.
    """
    state = host_state()
    if not (left_jobs(state) or lock_holders(state)):
        return
    yield FunctionCommand(_wait, (limit_s,), {})


def left_jobs(state: HostState) -> list[str]:
    """Jobs of an earlier run that are still at work with apt or dpkg."""
    running = ("active", "activating", "deactivating")
    return sorted(
        name
        for name, its in state.jobs.items()
        if its.active in running and name not in WITHOUT_APT
    )


def lock_holders(state: HostState) -> list[str]:
    """Who holds which lock, in words that begin with ``process PID``."""
    return [
        f"process {lock.pid} ({lock.command}) holds {lock.path}"
        for lock in state.package_manager.locks
    ]


@failing.harmless
def _wait(state: object, host: Host, limit_s: int) -> bool:
    began = others_since = time.monotonic()
    said, job_limit_s = 0.0, patience(host).job
    doing = course.of_host(host).jobs
    while True:
        seen = host_state()
        jobs, holders = left_jobs(seen), lock_holders(seen)
        now = time.monotonic()
        doing.clear()
        doing.update({f"gpuwright-{name}.service": "a step of an earlier run" for name in jobs})
        if jobs and now - began > job_limit_s:
            course.stopped(
                host,
                f"{', '.join(jobs)}: this step of an earlier run does not end. Look at its log, "
                f"{job.FOLDER}/{jobs[0]}/log there, or end it: systemctl stop {next(iter(doing))}",
            )
            return False
        if jobs:
            others_since = now
            what = f"an earlier run's step, still at work: {', '.join(jobs)}"
        elif holders:
            what = f"the package manager: {'; '.join(holders)}"
        else:
            return True
        if now - others_since > limit_s:
            logger.error(
                f"{host.print_prefix}APT-LOCKED: the package manager is still busy after "
                f"{now - others_since:.0f} s: {'; '.join(holders)}. Nothing was changed. Let it "
                f"end, or find out why it hangs (ps -fp {holders[0].split()[1]}), then run this "
                "again."
            )
            return False
        if not said or now - said > 15:
            said = now
            logger.info(f"{host.print_prefix}waiting for {what}, {now - began:.0f} s")
        gevent.sleep(2)
        invalidate(host)


@step
def dpkg_repaired(plan: Plan, unmet: tuple[str, ...] = ()) -> Commands:
    """Finish what an interrupted installation left half done; nothing of others goes for it.

    Args:
        plan: Parts of its set may go on the way.
        unmet: What packages lack that dpkg itself has nothing against, one sentence each.
    """
    state = host_state()
    found = state.package_manager
    if not unmet and not repair_state.is_broken(state):
        return
    what = ", ".join(found.half_configured[:5]) or found.broken or "; ".join(unmet[:5])
    logger.info(f"{this_host().print_prefix}an installation was interrupted; repairing: {what}")
    script = packages.manager_for(state).repaired(repair_state.removable(state, plan))
    yield job.complete(job.Job("mend", "repair half-installed packages", script))

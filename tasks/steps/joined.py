"""A job that runs for hours and is watched: whoever comes later joins it, and starts no second one.

`tasks.steps.job` is for what must be done: it waits for one of an earlier run and then does it
again. Here the one that runs is the answer, whoever began it, and whatever it was asked for.
"""

from __future__ import annotations

import time

import gevent
from pyinfra import logger
from pyinfra.api.host import Host

from tasks.steps import course, job
from tasks.steps.job import Job
from tasks.steps.step import run
from tasks.templates import waits

SAY_S = 60
"""A line on the screen at most this often."""


def begun(host: Host, work: Job, limit_s: int) -> str:
    """Start it, or join the one that runs; gives why not, or ``started`` or ``joined``.

    Args:
        host: The host.
        work: The job; it holds no secret.
        limit_s: Seconds after which systemd ends it.
    """
    script = job.start_script(work, limit_s=limit_s)
    good, said = run(host, script, timeout=waits.JOB_START_S, stdin=job.payload(work))
    if not good:
        return f"the job did not start: {said}"
    course.of_host(host).jobs[work.unit] = f"{work.title} (log: {work.folder}/log)"
    return "joined" if said.endswith("joined") else "started"


def watched(host: Host, work: Job) -> str:
    """Wait for its end and say how it goes; empty: it has ended, else why nobody can tell.

    The connection may end, and this program: the job goes on, and `tasks.steps.ending` says so.
    """
    began = said = time.monotonic()
    while True:
        good, output = run(host, job.poll_script(work, 5), timeout=5 + waits.JOB_START_S)
        if not good:
            return (
                f"cannot ask how it goes: {output or 'the connection was lost'}; it goes on there"
            )
        lines = output.splitlines() or [""]
        if not lines[0].startswith("state running"):
            course.of_host(host).jobs.pop(work.unit, None)
            return ""
        now = time.monotonic()
        if now - said >= SAY_S or said == began:
            said = now
            logger.info(f"{host.print_prefix}{work.title}: {' '.join(lines[1:]) or 'running'}")
        gevent.sleep(0)

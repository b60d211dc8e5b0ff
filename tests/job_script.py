"""A job's start as one script, for a machine that is handed no standard input."""

from __future__ import annotations

import base64

from tasks.steps import job


def started(step: job.Job, lock_wait: int = job.LOCK_WAIT_S) -> str:
    """`job.start_script`, with what it reads before it."""
    packed = base64.b64encode(job.payload(step).encode()).decode()
    return f"printf %s {packed} | base64 -d | {{\n{job.start_script(step, lock_wait)}\n}}"

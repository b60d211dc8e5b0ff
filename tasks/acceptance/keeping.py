"""The answer kept on its host, for the gate and for reports; nothing else there is changed."""

from __future__ import annotations

from pyinfra.api.host import Host

from tasks.acceptance.burn_in import TAKEN
from tasks.acceptance.look import dry
from tasks.layout import ACCEPTANCE
from tasks.steps import course
from tasks.steps.connection import OverdueError
from tasks.steps.record import AcceptanceRecord, record_script
from tasks.steps.step import LOST, run


def kept(host: Host, record: AcceptanceRecord, root: bool, burnt: bool = False) -> str:
    """Write it as root's own, whole or not at all; gives why it was not, empty where it was.

    Args:
        host: The host.
        record: The answer.
        root: Whether the login may become root.
        burnt: The answer tells of a burn-in's result, which counts as told then.
    """
    if dry():
        return "--dry changes nothing"
    if not root:
        return "the login may not become root"
    script = record_script(ACCEPTANCE, record) + (f" && {{ {TAKEN}; }}" if burnt else "")
    try:
        good, said = run(host, script)
    except (OverdueError, *LOST) as error:
        return course.words(error)
    return "" if good else said or "it could not be written"

"""The gate of deploys that start work: a host must have passed verify lately, host data ``gate``.

One that has not is verified now. It reads only, beside the note on the host, so ``--dry`` asks as
well. Hooks belong to deploys/verify.py alone.
"""

from __future__ import annotations

import time
from dataclasses import replace

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.model.messages import Conflict
from tasks.acceptance import keeping, noted
from tasks.acceptance.acceptance_opening import note, verdict
from tasks.acceptance.look import looked
from tasks.acceptance.look import noted as noted_on
from tasks.host import opening
from tasks.host.opening import Report
from tasks.hostdata.acceptance import LIMITS, GateSettings, acceptance_settings, gate_settings
from tasks.steps import failing, refusal
from tasks.steps.record import HostRecord, read
from tasks.steps.refusal import Refused, bad_data
from tasks.steps.step import Commands, host_state, step, this_host, this_run

SOURCE = "docs/verify.md"


def passed(report: Report | None = None) -> bool:
    """Whether work may be started on the host at hand; one that fails is refused, and says why.

    Where a deploy before this one in the same run has something to do there, the host is asked
    once that is done.

    Args:
        report: What prints the end of the run.
    """
    host = this_host()
    try:
        settings = gate_settings(host.data)
    except ValueError:
        settings = GateSettings("quick")  # the opening says what is wrong with the data
    if settings.level is None:
        return True
    if this_run().ops.get(host):
        asked(name=f"Gate: {settings.level}")
        return True
    return opening.opened(_decided, report) is True


def _decided(host: Host, state: HostState) -> bool | None:
    try:
        settings = gate_settings(host.data)
    except ValueError as error:
        raise Refused(bad_data(error)) from error
    return _open(host, state, settings)


def _open(host: Host, state: HostState, settings: GateSettings) -> bool | None:
    """True where it is open; None where the host went away. Raises `Refused`."""
    there = noted_on(host)
    if there is None or settings.level is None:
        return None
    changed = read(HostRecord, state.record).time
    why = noted.why_closed(there, settings, time.time(), changed or "")
    if not why:
        logger.info(f"{host.print_prefix}gate: passed {there.level} at {there.at}, {there.verdict}")
        return True
    logger.info(f"{host.print_prefix}gate: {why}; verified now, level {settings.level}")
    own = acceptance_settings(host.data)
    seen = looked(host, replace(own, level=settings.level, limit=LIMITS[settings.level]))
    if seen is None:
        return None
    found = verdict(seen)
    if unkept := keeping.kept(host, note(seen, found), state.login.root):
        logger.info(f"{host.print_prefix}gate: not noted on the host: {unkept}")
    if found.level in noted.PASSED:
        return True
    said = [f"{o.code}{f' {o.gpu}' if o.gpu else ''}: {o.what}" for o in found.observations]
    raise Refused(closed(settings, found.level, said))


def closed(settings: GateSettings, level: str, said: list[str]) -> Conflict:
    """GATE-CLOSED: why no work is started on the host."""
    return Conflict(
        "GATE-CLOSED",
        f"the host has not passed verify at the level {settings.level}",
        f"the verdict is {level}: {'; '.join(said[:5])}{' and more' if len(said) > 5 else ''}",
        (
            f"pyinfra INVENTORY deploys/verify.py --data level={settings.level} says what to do",
            "or start work without it: gate=''",
        ),
        SOURCE,
    )


@step
def asked() -> Commands:
    """Ask the host, once what earlier deploys of this run do is done."""
    yield FunctionCommand(_asked, (), {})


@failing.harmless
def _asked(state: object, host: Host) -> bool:
    try:
        return _open(host, host_state(), gate_settings(host.data)) is True
    except Refused as refused:
        refusal.told(host, refused.conflicts)
        return False

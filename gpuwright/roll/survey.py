"""In a roll's run of pyinfra that only looks: who uses a host's GPUs, and which machine it is."""

from __future__ import annotations

from typing import Any

from pyinfra.api.host import Host

from facts.gpu_owners import GpuOwners
from tasks.host import opening, twins
from tasks.steps.answers import Answer, Answers
from tasks.steps.login import Unusable
from tasks.steps.step import fact

_answers = Answers()


def this_one() -> None:
    """Look at the host at hand; after the last one, print and leave. Two round trips each.

    Raises:
        SystemExit: 0; 3 where a host could not be looked at.
    """
    _answers.collect(_seen)


def _seen(host: Host) -> Answer | None:
    try:
        state = opening.seen(host)
    except Unusable as why:
        raise ValueError(f"{why.conflict.code}: {why.conflict.what}") from why
    if state is None:
        return None
    owners: list[str] | None = fact(GpuOwners)
    if owners is None:
        return None
    data: dict[str, Any] = {"owners": owners, "machine": twins.machine(state)}
    return Answer("OK", f"{host.name}: {', '.join(owners) or 'its GPUs are free'}", data)

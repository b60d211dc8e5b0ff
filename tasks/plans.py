"""The plan of the host at hand, or its refusal: decided once, before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from stacks.catalog import Catalog, load_catalog
from stacks.load import StackError, load_stack
from stacks.model import Conflict, Gpu, Plan, Stack
from stacks.resolve import resolve
from stacks.wishes import WISHES, with_wishes
from tasks import preflight, report
from tasks.profile import profile_of
from tasks.step import Commands, look, step, this_host


def for_this_host() -> Plan | None:
    """Look at the host, resolve its stack, and give the plan.

    A host that cannot be made to fit is refused: its conflicts are printed, its only step fails,
    and the other hosts go on.
    """
    host = this_host()
    report.register(host)
    state = look()
    if state is None:  # the probe failed and pyinfra has given the host up
        return None
    login = state.login
    if login.uid != 0 and login.root:
        host.data._sudo = True
    try:
        stack = _stack(host)
        profile = profile_of(state, _expected(host), host.data.get("mirrors") or {})
    except (StackError, ValueError) as error:
        _refuse(host, (_bad_data(error),))
        return None
    resolution = resolve(stack, profile, catalog())
    if resolution.plan is None:
        _refuse(host, resolution.conflicts)
        return None
    plan = resolution.plan
    conflicts = preflight.objections(state, plan)
    if conflicts:
        _refuse(host, conflicts)
        return None
    _announce(host, plan)
    report.planned(host, state, plan)
    return plan


@cache
def catalog() -> Catalog:
    """The catalogue, read once per run."""
    return load_catalog()


def rollback() -> int:
    """How many environments to go back: ``--data rollback=1``."""
    return int(this_host().data.get("rollback") or 0)


def _stack(host: Host) -> Stack:
    data = host.data
    name = str(data.get("stack") or "pytorch-2.9")
    if name.endswith((".yaml", ".yml")):
        stack = load_stack(Path(name).stem, Path(name).parent)
    else:
        stack = load_stack(name)
    return with_wishes(stack, {wish: data.get(wish) for wish in WISHES})


def _expected(host: Host) -> tuple[Gpu, ...]:
    """``expected_gpus``: a count, a model (``h100``), ``h100:8``, or a list of these."""
    wish = host.data.get("expected_gpus")
    if not wish:
        return ()
    gpus: list[Gpu] = []
    wishes: Sequence[Any] = wish if isinstance(wish, list | tuple) else [wish]
    for item in wishes:
        text = str(item).lower()
        if text.isdigit():
            gpus += [Gpu(None)] * int(text)
            continue
        model, _, count = text.partition(":")
        if model not in catalog().gpus.models.rows:
            known = ", ".join(sorted(catalog().gpus.models.rows))
            raise ValueError(f"host data expected_gpus names {model!r}; known models: {known}")
        gpus += [Gpu(model)] * int(count or 1)
    return tuple(gpus)


def _bad_data(error: Exception) -> Conflict:
    return Conflict(
        "STACK-INVALID",
        "the stack or the host's data cannot be read",
        str(error),
        ("mend the line named above; python -m stacks list shows the stacks",),
        "stacks/model.py",
    )


def _announce(host: Host, plan: Plan) -> None:
    for notice in plan.notices:
        logger.warning(f"{host.print_prefix}{notice.code}: {notice.what} {notice.why}")


def _refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    report.refused(host, conflicts)
    logger.error(f"{host.print_prefix}refused; nothing on this host was changed")
    for conflict in conflicts:
        logger.error(f"{host.print_prefix}{conflict.code}: {conflict.what}")
        logger.error(f"{host.print_prefix}    why: {conflict.why}")
        for remedy in conflict.remedies:
            logger.error(f"{host.print_prefix}    do:  {remedy}")
    codes = ", ".join(c.code for c in conflicts)
    refused(codes=codes, name=f"Refused: {codes}")


@step
def refused(codes: str) -> Commands:
    """Fail this host and no other.

    Args:
        codes: The conflicts' codes.
    """
    yield FunctionCommand(_give_up, (), {})


def _give_up(state: object, host: Host) -> bool:
    return False

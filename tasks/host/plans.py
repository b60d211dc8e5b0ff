"""The plan of the host at hand, or its refusal: decided once, before anything is touched."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from facts.engine_model import Engines
from facts.model import HostState
from stacks.catalog.read import Catalog, load_catalog
from stacks.load import StackError, load_stack
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Resolution
from stacks.model.requests import Stack
from stacks.requests import WISHES, with_wishes
from stacks.resolve import resolve
from tasks.containers import engine_conflicts
from tasks.containers import forecast as container_forecast
from tasks.containers import look as sight
from tasks.containers import proof as container_proof
from tasks.guard import kernel_guard
from tasks.host import forecast, preflight
from tasks.host.profile import profile_of
from tasks.hostdata import containers as wish
from tasks.hostdata import host as host_data
from tasks.hostdata import names as data_names
from tasks.hostdata.containers import ContainerWish
from tasks.jetson import operations as jetson
from tasks.packages import apt
from tasks.python import environment as pytorch
from tasks.python import locks
from tasks.repositories import offers
from tasks.steps.step import Commands, look, step, this_host, this_run
from tasks.verify import report


def for_this_host(for_jetsons: bool = False, containers: bool = False) -> Plan | None:
    """Look at the host, resolve its stack, and give the plan.

    A host that cannot be made to fit is refused: its conflicts are printed, its only step fails,
    and the other hosts go on.

    Args:
        for_jetsons: Whether the deploy is for Jetsons: each kind of host is refused by the other's.
        containers: Whether the host is to be a container host.
    """
    host = this_host()
    report.register(host)
    state = look()
    if state is None:  # the probe failed and pyinfra has given the host up
        return None
    data_names.tell(host)
    wrong = jetson.wrong_deploy(state, for_jetsons)
    if wrong:
        _refuse(host, wrong)
        return None
    login = state.login
    if login.uid != 0 and login.root:
        host.data._sudo = True
    try:
        resolution = resolved(state, host.data, containers=containers)
        container_wish()
        rollback()
        lock_wait()
        kernel_policy()
        textfile_folder()
    except (StackError, ValueError) as error:
        _refuse(host, (bad_data(error),))
        return None
    if resolution.plan is None:
        _refuse(host, resolution.conflicts)
        return None
    plan = resolution.plan
    conflicts = (
        *_unsupported(plan),
        *jetson.objections(state, plan),
        *preflight.objections(state, plan),
        *_no_way_back(state, plan),
    )
    seen = None
    if plan.containers is not None:
        seen = sight.engines(container_wish())
        conflicts += engine_conflicts.of(state, seen, plan, container_wish())
    if not conflicts and offers.needed(state, plan):
        available, conflicts = offers.asked(plan)
        conflicts = conflicts or resolved(state, host.data, available, containers).conflicts
    if conflicts:
        _refuse(host, conflicts)
        return None
    _announce(host, state, plan, seen)
    words = container_proof.engine_words(state, seen, plan) if seen else {}
    report.planned(host, state, plan, words)
    return plan


def resolved(
    state: HostState,
    data: host_data.Data,
    available: offers.Available | None = None,
    containers: bool = False,
) -> Resolution:
    """The plan, or the conflicts, of a host in this state with this data. Touches no host.

    Args:
        state: What the probe saw.
        data: The host's data.
        available: Package to versions that the planned repositories offer, once they were asked:
            a version that is gone there is a conflict then. The plan itself stays what it is.
        containers: Whether it is planned as a container host.

    Raises:
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    expected = host_data.expected_gpus(data, catalog())
    if not state.gpus and any(gpu.model is None for gpu in expected):
        raise ValueError(
            f"host data expected_gpus says {len(expected)}, but no GPU is here to tell which: name "
            f"the model too, such as h100:{len(expected)}"
        )
    profile = profile_of(
        state,
        () if state.gpus else expected,
        host_data.mirrors(data),
        host_data.fingerprints(data),
        available,
    )
    known = locks.catalog_with_own(catalog(), data)
    stack = stack_of(data, state.jetson is not None, containers, _native(state))
    return resolve(stack, profile, known)


@cache
def catalog() -> Catalog:
    """The catalogue, read once per run."""
    return load_catalog()


def rollback() -> int:
    """How many environments to go back: ``--data rollback=1``."""
    return host_data.rollback(this_host().data)


def expected_gpus() -> int:
    """How many GPUs the host's data announce; 0 where they say nothing."""
    return len(host_data.expected_gpus(this_host().data, catalog()))


def lock_wait() -> int:
    """Seconds to wait for whoever holds the package manager: host data ``lock_wait``."""
    return host_data.lock_wait(this_host().data, apt.LOCK_WAIT_S)


def kernel_policy() -> str | None:
    """Whether the kernel may move: host data ``kernel_policy``; None where they say nothing."""
    return host_data.kernel_policy(this_host().data)


def textfile_folder() -> str:
    """Where node_exporter reads: host data ``textfile_folder``; empty where they say nothing."""
    return host_data.textfile_folder(this_host().data)


def container_wish() -> ContainerWish:
    """What host data say about containers."""
    return wish.of(this_host().data)


def _native(state: HostState) -> bool:
    """Whether another deploy has put CUDA or PyTorch on this host: they stay in its plan.

    So they stay held, whichever deploy was run last.
    """
    seen = (state.record or {}).get("versions")
    return isinstance(seen, dict) and bool(seen.get("cuda") or seen.get("torch"))


def stack_of(
    data: host_data.Data, board: bool = False, containers: bool = False, native: bool = False
) -> Stack:
    """The stack that the host's data name, with their wishes laid over it.

    Args:
        data: The host's data.
        board: Whether the host is a Jetson.
        containers: Whether it is planned as a container host.
        native: Whether a container host has CUDA or PyTorch itself, where host data say nothing.

    Raises:
        StackError: It cannot be read, or a wish is none.
    """
    name = str(data.get("stack") or (jetson.STACK if board else "pytorch-2.9"))
    if name.endswith((".yaml", ".yml")):
        stack = load_stack(Path(name).stem, Path(name).parent)
    else:
        stack = load_stack(name)
    wishes = {name: data.get(name) for name in WISHES}
    if native and wishes["with_native"] is None:
        wishes["with_native"] = True
    return with_wishes(stack, wishes, containers)


def _unsupported(plan: Plan) -> tuple[Conflict, ...]:
    """Notices under which a plan is advice and not something to run.

    No test of ours has carried it out (PLAN-ONLY), or its wheels have no hashes yet (LOCK-MISSING).
    """
    fatal = {"PLAN-ONLY"} if plan.support == "plan" else set()
    fatal |= {"LOCK-MISSING"} if plan.torch and not plan.torch.locked else set()
    return tuple(
        Conflict(n.code, n.what, n.why, (n.remedy,), n.source)
        for n in plan.notices
        if n.code in fatal
    )


def _no_way_back(state: HostState, plan: Plan) -> tuple[Conflict, ...]:
    steps = rollback()
    if not steps or plan.torch is None or pytorch.target_env(state, plan, steps):
        return ()
    kept = [v.path for v in state.venvs if v.complete]
    return (
        Conflict(
            "ROLLBACK-NONE",
            f"there is no environment {steps} back on this host",
            f"kept: {', '.join(kept) or 'none'}",
            ("choose a smaller number, or run without rollback",),
            "docs/gpu-host.md",
        ),
    )


def bad_data(error: Exception) -> Conflict:
    """STACK-INVALID: host data or stack cannot be read."""
    return Conflict(
        "STACK-INVALID",
        "the stack or the host's data cannot be read",
        str(error),
        ("mend the line named above; python -m stacks list shows the stacks",),
        "stacks/model/plan.py",
    )


def _announce(host: Host, state: HostState, plan: Plan, seen: Engines | None) -> None:
    inside = container_forecast.lines(state, seen, plan, container_wish()) if seen else []
    for line in (*forecast.lines(state, plan), *inside, *_kernel_forecast(state, plan)):
        logger.info(f"{host.print_prefix}{line}")
    for notice in plan.notices:
        logger.warning(f"{host.print_prefix}{notice.code}: {notice.what} {notice.why}")


def _kernel_forecast(state: HostState, plan: Plan) -> list[str]:
    if plan.driver is None:
        return []
    return kernel_guard.forecast(state, kernel_policy(), textfile_folder())


def _refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    report.refused(host, conflicts)
    refuse(host, conflicts)


def refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    """Say why this host is left as it is, and fail it; the others go on."""
    this_run().failed_hosts.add(host)  # so that `--dry`, which runs no step, fails as well
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

"""The plan of the host at hand, or its refusal: decided once, before anything is touched."""

from __future__ import annotations

from dataclasses import replace

from pyinfra import logger
from pyinfra.api.host import Host

from facts.engine_model import Engines
from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from stacks.rules.support import FATAL
from tasks.containers import engine_conflicts, look
from tasks.containers import forecast as container_forecast
from tasks.containers import proof as container_proof
from tasks.driver import state as driver_state
from tasks.guard import kernel_guard
from tasks.host import (
    forecast,
    mirror_opening,
    needs,
    opening,
    other_origins,
    others,
    package_outlook,
    preflight,
    reboot_outlook,
)
from tasks.host.resolution import catalog, question, resolved
from tasks.hostdata import containers as container_data
from tasks.hostdata import host as host_data
from tasks.hostdata import nccl as nccl_data
from tasks.hostdata import network
from tasks.hostdata import repair as repair_data
from tasks.hostdata.containers import ContainerSettings
from tasks.hostdata.nccl import NcclSettings
from tasks.hostdata.repair import RepairSettings
from tasks.jetson import state as jetson_state
from tasks.mirrors import standing
from tasks.offline import supplying
from tasks.offline.supplying import Supply
from tasks.packages import repair_state
from tasks.python import state as python_state
from tasks.repositories import archive_answers, archive_asking, offers
from tasks.steps import around
from tasks.steps.refusal import Refused
from tasks.steps.step import this_host
from tasks.verify import report
from tasks.verify.parts import parts


def for_this_host(for_jetsons: bool = False, containers: bool = False) -> Plan | None:
    """Look at the host, resolve its stack, and give the plan.

    A host that cannot be made to fit is refused: its conflicts are printed, its only step fails,
    and the other hosts go on.

    Args:
        for_jetsons: Whether the deploy is for Jetsons: each kind of host is refused by the other's.
        containers: Whether the host is to be a container host.
    """

    def announced(host: Host, state: HostState) -> Plan:
        plan, engines_state = decided(host, state, for_jetsons, containers)
        _announce(host, state, plan, engines_state)
        settings = container_settings()

        def engine_words(now: HostState) -> dict[str, str]:
            if engines_state is None:
                return {}
            engines_now = look.seen_last(host, settings) or engines_state
            return container_proof.engine_words(now, engines_now, plan)

        report.planned(host, state, plan, engine_words(state), engine_words)
        return plan

    plan = opening.opened(announced, report)
    if plan is not None and standing.of_host(this_host()):
        standing.noted(name="Mirrors noted")
    return plan


def decided(
    host: Host, state: HostState, for_jetsons: bool, containers: bool, online: bool = False
) -> tuple[Plan, Engines | None]:
    """The plan of a host in this state, and its engines where it is to have some. Touches nothing.

    ``online``: nothing comes from a bundle, whatever host data say: one is to be collected.

    Raises:
        Refused: The host cannot be made to fit.
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    if wrong := jetson_state.wrong_deploy(state, for_jetsons):
        raise Refused(*wrong)
    resolution = resolved(state, host.data, containers=containers)
    for read in (
        container_settings,
        rollback,
        lock_wait,
        reboot_settings,
        kernel_policy,
        textfile_folder,
        nccl_settings,
    ):
        read()  # the steps read them later: what is wrong is said now
    if resolution.plan is None:
        raise Refused(*resolution.conflicts)
    plan = resolution.plan
    supply = None if online or containers or for_jetsons else supplying.named(host)
    way_out = replace(network.network_settings(host.data), needless=supply is not None)
    conflicts = (
        *_unsupported(plan),
        *jetson_state.conflicts(state, plan),
        *preflight.conflicts(state, plan, way_out),
        *_no_way_back(state, plan),
    )
    engines_state = None
    if plan.containers is not None:
        engines_state = look.engines(container_settings())
        conflicts += engine_conflicts.conflicts(state, engines_state, plan, container_settings())
    if conflicts:
        raise Refused(*conflicts)
    if supply is not None:
        return _from_bundle(host, state, plan, supply), engines_state
    if mirror_opening.settled(host, state, plan, containers):
        plan = resolved(state, host.data, containers=containers).plan or plan
    return _asked(host, state, plan, containers), engines_state


def _from_bundle(host: Host, state: HostState, plan: Plan, supply: Supply) -> Plan:
    """The plan, once its bundle was judged. No source of the host is asked, or set up.

    Raises:
        Refused: The bundle, or what is broken on the host, speaks against it.
        StackError, ValueError, OSError: See `decided`.
    """
    around.leave_sources(host)
    way_out = network.network_settings(host.data)
    told = others.notices(state, way_out)
    due = package_outlook.needed(state, plan) or any(part.to_come for part in parts(state, plan))
    if due:
        bundle = supplying.opened(host, state, plan, supply)
        lacking = driver_state.kernels_without_headers(state, plan.driver) if plan.driver else []
        metapackages = plan.driver.headers if plan.driver else ()
        outlook = supplying.outlook(bundle, lacking, metapackages)
        again = resolved(state, host.data, outlook=outlook)
        conflicts = (*again.conflicts, *others.conflicts(state, plan))
        plan = again.plan or plan
        needless = replace(way_out, needless=True)
        if conflicts := conflicts or preflight.conflicts(state, plan, needless):
            raise Refused(*conflicts)
        supplying.supplied(host, state, plan, supply, bundle)
    return replace(plan, notices=(*plan.notices, *told), repositories=())


def _asked(host: Host, state: HostState, plan: Plan, containers: bool) -> Plan:
    """The plan, once the host's archives, its package manager and the repositories were asked.

    Raises:
        Refused: One of them speaks against it.
    """
    way_out = network.network_settings(host.data)
    answers = archive_asking.asked(host, state) if needs.from_archives(state, plan) else ()
    known = archive_asking.identified(host, state)
    if conflicts := preflight.sources(known, plan, answers):
        raise Refused(*conflicts)
    outlook = None
    if package_outlook.needed(state, plan):
        outlook = package_outlook.asked(state, plan)
        again = resolved(state, host.data, containers=containers, outlook=outlook)
        plan = again.plan or plan
        removable = repair_state.removable(state, plan)
        conflicts = repair_state.conflicts(state, outlook, removable) + again.conflicts
        # A kernel that comes takes room of its own.
        if conflicts := conflicts or preflight.conflicts(state, plan, way_out):
            raise Refused(*conflicts)
    told = (*archive_answers.notices(known, answers), *others.notices(known, way_out))
    plan = replace(plan, notices=(*plan.notices, *told))
    if needs.needed(state, plan):
        available, conflicts = offers.asked(plan, needs.wanted(plan))
        found = resolved(state, host.data, available, containers, outlook)
        while mirror_opening.next_one(
            host, plan, offers.unusable(plan) if conflicts else (), conflicts or found.conflicts
        ):
            other = resolved(state, host.data, containers=containers, outlook=outlook).plan or plan
            plan = replace(plan, repositories=other.repositories, reasons=other.reasons)
            available, conflicts = offers.asked(plan, needs.wanted(plan))
            found = resolved(state, host.data, available, containers, outlook)
        if conflicts:
            asked = question(state, host.data, containers=containers, outlook=outlook)
            conflicts = other_origins.named(conflicts, offers.unusable(plan), plan, asked)
        conflicts = conflicts or found.conflicts
    if conflicts:
        raise Refused(*conflicts)
    return plan


def rollback() -> int:
    """How many environments to go back: ``--data rollback=1``."""
    return host_data.rollback(this_host().data)


def expected_gpus() -> int:
    """How many GPUs the host's data announce; 0 where they say nothing."""
    return len(host_data.expected_gpus(this_host().data, catalog()))


def lock_wait() -> int:
    """Seconds to wait for whoever holds the package manager: host data ``lock_wait``."""
    return host_data.lock_wait(this_host().data)


def unmet() -> tuple[str, ...]:
    """What packages of the host lacked before anything was touched, in apt's words."""
    return package_outlook.unmet()


def reboot_settings() -> RepairSettings:
    """What host data say about reboots: ``reboot`` and ``reboot_wait``."""
    return repair_data.repair_settings(this_host().data)


def kernel_policy() -> str | None:
    """Whether the kernel may move: host data ``kernel_policy``; None where they say nothing."""
    return host_data.guard_settings(this_host().data).kernel_policy


def textfile_folder() -> str:
    """Where node_exporter reads: host data ``textfile_folder``; empty where they say nothing."""
    return host_data.guard_settings(this_host().data).textfile_folder


def container_settings() -> ContainerSettings:
    """What host data say about containers."""
    return container_data.container_settings(this_host().data)


def nccl_settings() -> NcclSettings:
    """What host data set of NCCL."""
    return nccl_data.nccl_settings(this_host().data)


def _unsupported(plan: Plan) -> tuple[Conflict, ...]:
    """Notices under which a plan is advice and not something to run.

    No test of ours has carried it out (PLAN-ONLY), or its wheels have no hashes yet (LOCK-MISSING).
    """
    return tuple(
        Conflict(n.code, n.what, n.why, (n.remedy,), n.source)
        for n in plan.notices
        if n.code in FATAL
    )


def _no_way_back(state: HostState, plan: Plan) -> tuple[Conflict, ...]:
    steps = rollback()
    if not steps or plan.torch is None or python_state.target_env(state, plan, steps):
        return ()
    return (python_state.no_way_back(state, steps),)


def _announce(host: Host, state: HostState, plan: Plan, engines_state: Engines | None) -> None:
    for line in forecast_lines(state, plan, engines_state):
        logger.info(f"{host.print_prefix}{line}")
    told = [f"{notice.code}: {notice.what} {notice.why}" for notice in plan.notices]
    for text in (*told, *nccl_settings().warnings):
        logger.warning(f"{host.print_prefix}{text}")


def forecast_lines(state: HostState, plan: Plan, engines_state: Engines | None) -> list[str]:
    """What a run of this plan would do on the host at hand, in words."""
    inside = (
        container_forecast.lines(state, engines_state, plan, container_settings())
        if engines_state
        else []
    )
    return [
        *forecast.lines(state, plan),
        *inside,
        *_kernel_forecast(state, plan),
        *reboot_outlook.lines(state, plan, reboot_settings().reboot),
    ]


def _kernel_forecast(state: HostState, plan: Plan) -> list[str]:
    if plan.driver is None:
        return []
    return kernel_guard.forecast(state, kernel_policy(), textfile_folder())

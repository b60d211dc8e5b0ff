"""The work of the host at hand, or its refusal: decided once, before anything is touched."""

from __future__ import annotations

from dataclasses import replace

from pyinfra import logger
from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.parse.images import ImageState
from stacks.model.image import ImagePlan
from stacks.model.messages import Conflict
from tasks.bundle import supply
from tasks.host import opening
from tasks.host import resolution as host_resolution
from tasks.hostdata import reading
from tasks.image import image_conflicts, summary
from tasks.image.look import images
from tasks.image.work import Work, builds
from tasks.recipe import conflicts as recipe_conflicts
from tasks.recipe import image_mirrors
from tasks.recipe.opening import asked
from tasks.steps.refusal import Refused
from tasks.steps.step import this_run


def for_this_host() -> Work | None:
    """Look at the host, resolve the image of its stack, and give the work.

    A host that cannot be made to fit is refused, as `tasks.host.plans.for_this_host` does. Docker
    may still come by an earlier deploy of the same run; each step looks again.
    """
    return opening.opened(_decided, summary)


def _decided(host: Host, state: HostState) -> Work | None:
    found = asked(state, host.data)
    work = Work(found.recipe, found.settings, _gpu_words(state, host.data))
    seen: ImageState | None = images(work)
    if seen is None:
        return None
    if builds(work, seen) and work.settings.bundle is None:
        image_mirrors.settled(host, state)
        found = asked(state, host.data)
        work = replace(work, recipe=found.recipe)
    work, conflicts = _supplied(work, seen)
    conflicts += image_conflicts.of_work(work, seen)
    if conflicts and not (
        image_conflicts.only_docker_lacks(conflicts) and this_run().ops.get(host)
    ):
        raise Refused(*conflicts)
    _announce(host, work, seen, found.plan)
    return work


def _supplied(work: Work, state: ImageState) -> tuple[Work, tuple[Conflict, ...]]:
    """The work with its supply where it builds from a bundle, and what speaks against that."""
    if (
        work.settings.bundle is None
        or not builds(work, state)
        or recipe_conflicts.of_plan(work.plan)
    ):
        return work, ()
    found, conflicts = supply.supply_for(work.settings.bundle, work.recipe, state)
    return replace(work, supply=found), tuple(conflicts)


def _gpu_words(state: HostState, data: reading.Data) -> tuple[str, ...]:
    """How a container gets GPUs here, once a driver is loaded; empty where none is planned."""
    plan = host_resolution.resolved(state, data, containers=True).plan
    return plan.containers.ask if plan and plan.containers else ()


def _announce(host: Host, work: Work, state: ImageState, plan: ImagePlan) -> None:
    recipe = work.recipe
    there = recipe.exact_name in state.images
    how = {
        "build": f"is built from {plan.base}"
        + (f" and {work.supply.size_mb:,} MiB of {work.settings.bundle}" if work.supply else ""),
        "tar": f"is loaded from {work.settings.tar}",
        "registry": f"is pulled from {work.settings.registry}",
    }[work.settings.source]
    size = image_conflicts.size_mb(work)
    logger.info(
        f"{host.print_prefix}{recipe.exact_name} "
        + ("is there" if there else f"{how}: about {size:,} MiB")
    )
    for notice in plan.notices:
        logger.warning(f"{host.print_prefix}{notice.code}: {notice.what} {notice.why}")
    summary.planned(host, work)

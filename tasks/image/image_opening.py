"""The work of the host at hand, or its refusal: decided once, before anything is touched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pyinfra import logger
from pyinfra.api.host import Host

from facts.model import HostState
from facts.parse.images import ImageState
from stacks.load import StackError
from stacks.model.image import ImagePlan, ImageResolution
from stacks.model.messages import Conflict
from stacks.resolve_image import image_plan
from tasks.bundle import supply
from tasks.host import plans
from tasks.host.profile import profile_of
from tasks.hostdata import host as host_data
from tasks.hostdata import names as data_names
from tasks.hostdata.image import Wishes, wishes
from tasks.image import image_conflicts, summary
from tasks.image.work import Work, builds, images
from tasks.python import locks
from tasks.recipe.recipe import Recipe, recipe_of
from tasks.steps.step import look, this_host, this_run


@dataclass(frozen=True)
class Asked:
    """A host, and the image that is asked for."""

    state: HostState
    wishes: Wishes
    plan: ImagePlan
    recipe: Recipe


def for_this_host() -> Work | None:
    """Look at the host, resolve the image of its stack, and give the work.

    A host that cannot be made to fit is refused, as `tasks.host.plans.for_this_host` does. Docker may
    still come by an earlier deploy of the same run; each step looks again.
    """
    host = this_host()
    summary.register(host)
    found = asked(host, _refuse)
    if found is None:
        return None
    work = Work(found.recipe, found.wishes, _gpu_words(found.state, host.data))
    seen: ImageState | None = images(work)
    if seen is None:
        return None
    work, conflicts = _supplied(work, seen)
    conflicts += image_conflicts.of_work(work, seen)
    if conflicts and not (
        image_conflicts.only_docker_lacks(conflicts) and this_run().ops.get(host)
    ):
        _refuse(host, conflicts)
        return None
    _announce(host, work, seen, found.plan)
    return work


def asked(host: Host, refuse: Callable[[Host, tuple[Conflict, ...]], None]) -> Asked | None:
    """Look at the host and resolve the image of its stack.

    Args:
        host: The host.
        refuse: Told why, where that cannot be; None is given then, as where the probe failed.
    """
    state: HostState | None = look()
    if state is None:  # the probe failed and pyinfra has given the host up
        return None
    data_names.tell(host)
    conflicts = tuple(image_conflicts.of_host(state))
    if conflicts:
        refuse(host, conflicts)
        return None
    if state.login.uid != 0:
        host.data._sudo = True
    try:
        wished = wishes(host.data)
        resolution = resolved(state, host.data)
        if resolution.plan is None:
            refuse(host, resolution.conflicts)
            return None
        recipe = recipe_for(resolution.plan, host.data, wished)
    except (StackError, ValueError, OSError) as error:
        refuse(host, (plans.bad_data(error),))
        return None
    return Asked(state, wished, resolution.plan, recipe)


def _supplied(work: Work, state: ImageState) -> tuple[Work, tuple[Conflict, ...]]:
    """The work with its supply where it builds from a bundle, and what speaks against that."""
    if work.wishes.bundle is None or not builds(work, state) or image_conflicts.of_plan(work.plan):
        return work, ()
    found, conflicts = supply.of(work.wishes.bundle, work.recipe, state)
    return replace(work, supply=found), tuple(conflicts)


def resolved(state: HostState, data: host_data.Data) -> ImageResolution:
    """The image's plan for a host in this state with this data. Touches no host.

    Raises:
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    expected = host_data.expected_gpus(data, plans.catalog())
    profile = profile_of(
        state,
        () if state.gpus else tuple(gpu for gpu in expected if gpu.model),
        host_data.mirrors(data),
        host_data.fingerprints(data),
    )
    return image_plan(plans.stack_of(data), profile, locks.catalog_with_own(plans.catalog(), data))


def recipe_for(plan: ImagePlan, data: host_data.Data, wished: Wishes) -> Recipe:
    """The recipe of this plan, from the locks that the host's data name; empty without locks.

    Raises:
        ValueError: A lock is none.
        OSError: A lock cannot be read.
    """
    if not plan.service.locked or not plan.torch.locked:
        return Recipe(plan, {}, wished.uid)
    return recipe_of(
        plan, locks.text(data, plan.torch.lock), locks.text(data, plan.service.lock), wished.uid
    )


def _gpu_words(state: HostState, data: host_data.Data) -> tuple[str, ...]:
    """How a container gets GPUs here, once a driver is loaded; empty where none is planned."""
    plan = plans.resolved(state, data, containers=True).plan
    return plan.containers.ask if plan and plan.containers else ()


def _refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    summary.refused(host, conflicts)
    plans.refuse(host, conflicts)


def _announce(host: Host, work: Work, state: ImageState, plan: ImagePlan) -> None:
    recipe = work.recipe
    there = recipe.exact_name in state.images
    how = {
        "build": f"is built from {plan.base}"
        + (f" and {work.supply.size_mb:,} MiB of {work.wishes.bundle}" if work.supply else ""),
        "tar": f"is loaded from {work.wishes.tar}",
        "registry": f"is pulled from {work.wishes.registry}",
    }[work.wishes.source]
    size = image_conflicts.size_mb(work)
    logger.info(
        f"{host.print_prefix}{recipe.exact_name} "
        + ("is there" if there else f"{how}: about {size:,} MiB")
    )
    for notice in plan.notices:
        logger.warning(f"{host.print_prefix}{notice.code}: {notice.what} {notice.why}")
    summary.planned(host, work)

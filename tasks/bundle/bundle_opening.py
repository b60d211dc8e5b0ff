"""What the host at hand would have to fetch, or its refusal: decided before anything is touched."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.host import Host

from facts.images import Images
from facts.parse.images import ImageState
from stacks.model.messages import Conflict
from tasks.bundle import bundle_conflicts, contents, manifest, summary
from tasks.bundle.manifest import BundleError
from tasks.bundle.work import Work
from tasks.hostdata import host as host_data
from tasks.recipe import conflicts as recipe_conflicts
from tasks.recipe import opening
from tasks.steps import refusal
from tasks.steps.step import ask, this_host


def for_this_host() -> Work | None:
    """Look at the host, resolve the image of its stack, and give what a build of it fetches.

    Neither its GPUs' driver nor an image that it has already matter: a host that reaches the
    network collects for others that do not.
    """
    host = this_host()
    summary.register(host)
    try:
        folder = host_data.bundle(host.data)
        if folder is None:
            raise ValueError("«bundle» is not said, expected a folder: --data bundle=FOLDER")
    except ValueError as error:
        _refuse(host, (refusal.bad_data(error),))
        return None
    found = opening.asked(host, _refuse)
    if found is None:
        return None
    recipe = found.recipe
    plan = recipe.plan
    seen: ImageState | None = ask(Images, repository=plan.name)
    if seen is None:
        return None
    conflicts = (*recipe_conflicts.docker(seen), *recipe_conflicts.of_plan(plan))
    if conflicts:
        _refuse(host, conflicts)
        return None
    work = Work(folder, plan, contents.of(recipe), found.wishes.apt)
    try:
        known = manifest.read(folder)
        conflicts = (
            *bundle_conflicts.named_by_digest(plan.base),
            *bundle_conflicts.disk(work, known),
        )
    except BundleError as error:
        conflicts = (bundle_conflicts.unreadable(error),)
    if conflicts:
        _refuse(host, conflicts)
        return None
    logger.info(f"{host.print_prefix}{recipe.exact_name}: what its build fetches goes to {folder}")
    summary.planned(host, work)
    return work


def _refuse(host: Host, conflicts: tuple[Conflict, ...]) -> None:
    summary.refused(host, conflicts)
    refusal.refuse(host, conflicts)

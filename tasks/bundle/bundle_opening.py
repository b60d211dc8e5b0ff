"""What the host at hand would have to fetch, or its refusal: decided before anything is touched."""

from __future__ import annotations

from pyinfra import logger
from pyinfra.api.host import Host

from facts.images import Images
from facts.model.host import HostState
from facts.parse.images import ImageState
from tasks.bundle import bundle_conflicts, contents, manifest, summary
from tasks.bundle.manifest import BundleError
from tasks.bundle.work import Work
from tasks.host import opening
from tasks.hostdata import host as host_data
from tasks.recipe import conflicts as recipe_conflicts
from tasks.recipe.opening import asked
from tasks.steps.refusal import Refused
from tasks.steps.step import fact


def for_this_host() -> Work | None:
    """Look at the host, resolve the image of its stack, and give what a build of it fetches.

    Neither its GPUs' driver nor an image that it has already matter: a host that reaches the
    network collects for others that do not.
    """
    return opening.opened(_decided, summary)


def _decided(host: Host, state: HostState) -> Work | None:
    folder = host_data.bundle(host.data)
    if folder is None:
        raise ValueError('"bundle" is not said, expected a folder: --data bundle=FOLDER')
    found = asked(state, host.data)
    recipe, plan = found.recipe, found.plan
    seen: ImageState | None = fact(Images, repository=plan.name)
    if seen is None:
        return None
    if conflicts := (*recipe_conflicts.docker(seen), *recipe_conflicts.of_plan(plan)):
        raise Refused(*conflicts)
    work = Work(folder, plan, contents.contents_for(recipe), found.settings.apt)
    try:
        known = manifest.read(folder)
    except BundleError as error:
        raise Refused(bundle_conflicts.unreadable(error)) from error
    if conflicts := (
        *bundle_conflicts.named_by_digest(plan.base),
        *bundle_conflicts.disk(work, known),
    ):
        raise Refused(*conflicts)
    logger.info(f"{host.print_prefix}{recipe.exact_name}: what its build fetches goes to {folder}")
    summary.planned(host, work)
    return work

"""What the host at hand would have to fetch, or its refusal: decided before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pyinfra import logger
from pyinfra.api.host import Host

from facts.images import Images
from facts.model.host import HostState
from facts.parse.images import ImageState
from tasks.bundle import bundle_conflicts, contents, host_opening, summary
from tasks.bundle.host_work import HostWork
from tasks.bundle.work import Work
from tasks.host import opening
from tasks.hostdata import host as host_data
from tasks.offline import manifest
from tasks.offline.manifest import BundleError
from tasks.recipe import conflicts as recipe_conflicts
from tasks.recipe import image_mirrors
from tasks.recipe.opening import asked
from tasks.steps.refusal import Refused
from tasks.steps.step import fact


@dataclass(frozen=True)
class Asked:
    """What is collected by one host."""

    image: Work | None
    host: HostWork | None


def for_this_host() -> Asked | None:
    """Look at the host, resolve its stack, and give what is to be collected.

    Neither its GPUs' driver nor what it has already matter: a host that reaches the network
    collects for others that do not.
    """
    return opening.opened(_decided, summary)


def _decided(host: Host, state: HostState) -> Asked | None:
    folder = host_data.bundle(host.data)
    if folder is None:
        raise ValueError('"bundle" is not said, expected a folder: --data bundle=FOLDER')
    asked_for = host_data.bundle_for(host.data)
    image = native = None
    if "image" in asked_for or not asked_for:
        seen: ImageState | None = fact(Images)
        if seen is None:
            return None
        # Where nothing is said, a host without Docker collects for hosts alone.
        if asked_for or seen.server:
            image = _image(host, state, folder, seen)
    if "gpu_host" in asked_for or not asked_for:
        native = host_opening.work(host, state, folder)
        if native is None:
            return None
    summary.planned(host, folder)
    return Asked(image, native)


def _image(host: Host, state: HostState, folder: Path, seen: ImageState) -> Work:
    image_mirrors.settled(host, state, here=True)
    found = asked(state, host.data)
    recipe, plan = found.recipe, found.plan
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
    return work

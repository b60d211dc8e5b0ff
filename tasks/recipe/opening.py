"""From a host's data to the image that is asked for, and its recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from facts.model.host import HostState
from stacks.model.image import ImagePlan, ImageResolution
from stacks.resolve_image import image_plan
from tasks.host import resolution as host_resolution
from tasks.host.profile import profile_of
from tasks.hostdata import host as host_data
from tasks.hostdata import reading
from tasks.hostdata.image import ImageSettings, image_settings
from tasks.python import locks
from tasks.recipe.recipe import Recipe, recipe_of
from tasks.steps.refusal import Refused


@dataclass(frozen=True)
class Asked:
    """A host, and the image that is asked for."""

    state: HostState
    settings: ImageSettings
    plan: ImagePlan
    recipe: Recipe


def asked(state: HostState, data: reading.Data) -> Asked:
    """The image that a host's data ask for.

    Raises:
        Refused: There is none for this host.
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected, or a lock is none.
        OSError: A lock cannot be read.
    """
    settings = image_settings(data)
    resolution = resolved(state, data)
    if resolution.plan is None:
        raise Refused(*resolution.conflicts)
    recipe = recipe_for(resolution.plan, data, settings)
    return Asked(state, settings, resolution.plan, recipe)


def resolved(
    state: HostState, data: reading.Data, mirrors: Mapping[str, str] | None = None
) -> ImageResolution:
    """The image's plan for a host in this state with this data. Touches no host.

    ``mirrors``: addresses by kind, in place of those of the host's data.

    Raises:
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    settings = host_data.plan_settings(data, host_resolution.catalog())
    profile = profile_of(
        state,
        () if state.gpus else tuple(gpu for gpu in settings.expected_gpus if gpu.model),
        settings.mirrors if mirrors is None else mirrors,
        settings.fingerprints,
    )
    return image_plan(
        host_resolution.stack_of(data),
        profile,
        locks.catalog_with_own(host_resolution.catalog(), data),
    )


def recipe_for(plan: ImagePlan, data: reading.Data, settings: ImageSettings) -> Recipe:
    """The recipe of this plan, from the locks that the host's data name; empty without locks.

    Raises:
        ValueError: A lock is none.
        OSError: A lock cannot be read.
    """
    if not plan.service.locked or not plan.torch.locked:
        return Recipe(plan, {}, settings.uid)
    return recipe_of(
        plan, locks.text(data, plan.torch.lock), locks.text(data, plan.service.lock), settings.uid
    )

"""What one host does about the image, decided before it is touched. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from facts.parse.images import ImageState
from stacks.model.image import ImagePlan
from tasks.bundle.supply import Supply
from tasks.hostdata.image import ImageSettings
from tasks.recipe.recipe import Recipe
from tasks.steps import rollback
from tasks.steps.record import ImageRecord, read

FOLDER = "/var/lib/gpuwright/image"
"""What is pushed to the host for a build or a load; for root only."""
RECORD = "/var/lib/gpuwright/image.json"


@dataclass(frozen=True)
class Work:
    """The recipe and the settings of one host."""

    recipe: Recipe
    settings: ImageSettings
    gpu_words: tuple[str, ...] = ()
    """Words of ``docker run`` that give a container the GPUs, where a driver is loaded."""
    supply: Supply | None = None
    """What a build takes from a bundle; None: it fetches."""

    @property
    def plan(self) -> ImagePlan:
        """The image's plan."""
        return self.recipe.plan

    @property
    def remote(self) -> str:
        """The exact name in the user's registry; empty without one."""
        return (
            f"{self.settings.registry}/{self.recipe.exact_name}" if self.settings.registry else ""
        )


def builds(work: Work, state: ImageState) -> bool:
    """Whether the image is still to be built here."""
    return work.settings.source == "build" and not is_present(work, state)


def lacking_tools(work: Work, state: ImageState) -> list[str]:
    """Packages that are still to be installed.

    Docker's client has BuildKit's inside up to 20.10, and takes it from a plugin from 23.0 on
    (Docker Engine 23.0 release notes, "buildx is the default"; seen with Debian's 20.10.24 and
    26.1.5, 2026-11).
    """
    found = []
    there = is_present(work, state)
    client = (state.client or "0").split(".")[0]
    if work.settings.source == "build" and not there and int(client) >= 23 and not state.buildx:
        found.append("docker-buildx")
    zips = work.settings.source == "tar" and not there
    if (zips or must_save(work, state)) and not state.zstd:
        found.append("zstd")
    return found


def must_save(work: Work, state: ImageState) -> bool:
    """Whether the file that was asked for is still to be written."""
    return bool(work.settings.save) and (
        state.file_size is None or state.file_of != work.recipe.exact_name
    )


def is_present(work: Work, state: ImageState) -> bool:
    """Whether this very image is on the host."""
    return work.recipe.exact_name in state.images


def history(state: ImageState) -> list[str]:
    """Exact names that runs have put in place, oldest first, as the record tells."""
    return [*(noted(state).history or ())]


def noted(state: ImageState) -> ImageRecord:
    """What the last run noted of the image."""
    return read(ImageRecord, state.record)


def target(work: Work, state: ImageState) -> str | None:
    """Exact name that the moving tag should lead to; None: there is none so far back."""
    own = work.recipe.exact_name
    if not work.settings.rollback:
        return own
    past = [n for n in history(state) if n != own and n in state.images] + [own]
    return rollback.earlier(past, work.settings.rollback)

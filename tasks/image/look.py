"""What the host's Docker has of the image."""

from __future__ import annotations

from facts.images import Images
from facts.parse.images import ImageState
from tasks.image.work import Work
from tasks.steps.step import fact


def images(work: Work) -> ImageState:
    """Docker's images of this name, as last seen."""
    found: ImageState = fact(
        Images, repository=work.plan.name, file=work.settings.save, base=work.plan.base
    )
    return found

"""An image's plan, as it is resolved for a Debian 12 host with H100, and its recipe."""

from __future__ import annotations

from dataclasses import replace

from stacks.model.containers import ImageService
from stacks.model.image import ImagePlan
from tasks.recipe.recipe import Recipe, recipe_of
from tests.unit.tasks import a_host

LOCK = """\
# torch 2.9.1 cu128
nvidia-nccl-cu12==2.27.5 \\
    --hash=sha256:aa
numpy==2.4.6 \\
    --hash=sha256:bb \\
    --hash=sha256:bc
torch==2.9.1 \\
    --hash=sha256:cc
triton==3.5.1 \\
    --hash=sha256:dd
"""
SERVICES = """\
# beside torch
jupyterlab==4.5.0 \\
    --hash=sha256:ee
"""


def plan(**changes: object) -> ImagePlan:
    """The plan, with changes."""
    _, cuda, cudnn, torch = a_host.parts()
    made = ImagePlan(
        stack="pytorch-2.9",
        name="pytorch-cuda",
        tag="v2.9",
        base="debian:bookworm-slim",
        os="debian-12",
        arch="x86_64",
        cuda=cuda,
        cudnn=cudnn,
        torch=torch,
        service=ImageService(
            {"jupyterlab": "4.5.0", "tensorboard": "2.20.0"}, "workspace-x.txt", True
        ),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def recipe(uid: int = 1000, **changes: object) -> Recipe:
    """Its recipe."""
    return recipe_of(plan(**changes), LOCK, SERVICES, uid)

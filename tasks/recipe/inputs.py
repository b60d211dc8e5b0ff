"""What a build fetches, by the step that reads it: packages, wheels, tarballs. Pure.

The recipe's steps are written from this, and a bundle is collected from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stacks.model.image import ImagePlan
from stacks.model.plan import Download
from tasks.packages.apt import FETCH_TOOLS
from tasks.packages.manager import apt

SYSTEM = (
    "ca-certificates",
    # triton compiles a small C file at the first torch.compile.
    "gcc",
    "libc6-dev",
    "git",
    # Reads the line about the container's own uid, which the image cannot know.
    "libnss-extrausers",
    "openssh-server",
)
APT_STEPS = ("system", "cuda", "cudnn")
"""Steps that call apt."""
FILE_STEPS = ("cuda", "cudnn", "needs", "services", "torch")
"""Steps that read wheels or tarballs."""


@dataclass(frozen=True)
class Ask:
    """What one step asks of apt, of which parts of the archive beside the base's own."""

    names: tuple[str, ...]
    """``name`` or ``name=version``."""
    components: tuple[str, ...] = ()
    """``contrib``, ``non-free``."""


def asks(plan: ImagePlan) -> dict[str, Ask]:
    """Step to what it asks of apt; a step that asks nothing is not there."""
    python = plan.torch.python_packages
    # pip, and what virtual environments of one's own are made with.
    found = {"system": Ask((*python, f"{python[0]}-venv", *SYSTEM))}
    if plan.cuda:
        names = [*FETCH_TOOLS] if plan.cuda.downloads else cuda_packages(plan)
        found["cuda"] = Ask(
            (*names, *plan.cuda.compiler_packages),
            () if plan.cuda.downloads else plan.cuda.components,
        )
    if plan.cudnn and plan.cudnn.download:
        found["cudnn"] = Ask(FETCH_TOOLS)
    return found


def cuda_packages(plan: ImagePlan) -> list[str]:
    """The packages of CUDA where it comes from the archive, as apt takes them."""
    assert plan.cuda is not None
    versions = plan.cuda.versions
    return [
        apt.named(name, versions[name]) if name in versions else name for name in plan.cuda.packages
    ]


def wheels(plan: ImagePlan, files: Mapping[str, str]) -> dict[str, str]:
    """Step to its part of the locks, with hashes.

    Args:
        plan: The image's plan.
        files: The recipe's files.
    """
    found = {name: files[f"{name}.txt"] for name in ("needs", "services", "torch")}
    if plan.cudnn and plan.cudnn.wheel:
        found["cudnn"] = plan.cudnn.wheel + "\n"
    return found


def tarballs(plan: ImagePlan) -> dict[str, tuple[Download, ...]]:
    """Step to the tarballs that it unpacks."""
    found = {}
    if plan.cuda and plan.cuda.downloads:
        found["cuda"] = plan.cuda.downloads
    if plan.cudnn and plan.cudnn.download:
        found["cudnn"] = (plan.cudnn.download,)
    return found

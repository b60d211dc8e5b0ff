"""The PyTorch image of a stack: the rules that plan hosts, asked about what is in the image.

Pure, total and deterministic, as `stacks.resolve` is.
"""

from __future__ import annotations

from dataclasses import replace

from stacks.catalog.distributions import Distribution
from stacks.catalog.read import Catalog
from stacks.follow import followed, leading_on
from stacks.model.change import Change
from stacks.model.containers import ImageRequest
from stacks.model.host import HostProfile
from stacks.model.image import ImagePlan, ImageResolution
from stacks.model.messages import Conflict
from stacks.model.requests import Stack
from stacks.model.versions import minor
from stacks.resolve import resolve
from stacks.rules import architecture, generation, torch_builds
from stacks.rules import cuda as cuda_rules
from stacks.rules import cudnn as cudnn_rules
from stacks.rules import gpu as gpu_rules
from stacks.rules import image as image_rules
from stacks.rules import release as release_rules
from stacks.rules import repository as repository_rules
from stacks.rules import support as support_rules
from stacks.rules import torch as torch_rules
from stacks.rules.case import Case

NAME = "pytorch-cuda"
_OTHER_GPUS = "Run it on other GPUs: `python -m stacks matrix` shows which ones a stack serves."


def image_plan(stack: Stack, profile: HostProfile, catalog: Catalog) -> ImageResolution:
    """The image of ``stack`` for hosts like ``profile``, or at least one conflict.

    Args:
        stack: Its CUDA, cuDNN and PyTorch go into the image, whatever of them is on the host.
        profile: The hosts on which the image is to run: architecture, all their GPUs, and the
            oldest driver among them. Without a driver, the one that would be planned for them.
        catalog: The facts.
    """
    profile = release_rules.named(profile, catalog)
    found = _resolved(stack, profile, catalog)
    if found.plan is not None:
        return found

    conflicts = tuple(map(_with_torch, found.conflicts))

    def again(change: Change) -> ImageResolution:
        return _resolved(*followed(stack, profile, change), catalog)

    return ImageResolution(None, leading_on(conflicts, again, _OTHER_GPUS))


def _with_torch(conflict: Conflict) -> Conflict:
    """The conflict without ways that leave PyTorch out, which is what an image is for."""
    ways = [
        (text, change)
        for text, change in zip(conflict.remedies, conflict.changes, strict=True)
        if change is None or "torch" not in (change.data.get("without") or ())
    ]
    if not ways:
        ways = [(_OTHER_GPUS, None)]
    remedies, changes = zip(*ways, strict=True)
    return replace(conflict, remedies=remedies, changes=changes)


def _resolved(stack: Stack, profile: HostProfile, catalog: Catalog) -> ImageResolution:
    request = stack.image or ImageRequest()
    inside = replace(
        stack,
        containers=None,
        native=True,
        cuda=image_rules.cuda_request(stack, request),
        cudnn=stack.cudnn if request.cuda != "none" else None,
    )
    case = Case(inside, profile, catalog, image=True)
    os = image_rules.distribution(case, request)
    image_rules.check_jetson(case)
    if case.conflicts or os is None:
        return ImageResolution(None, tuple(case.conflicts))
    dist = catalog.distributions[os]
    case.profile = image_rules.inside(profile, os, catalog)
    case.dist = dist
    image_rules.check_arch(case, dist)
    gpu_rules.identify(case)
    image_rules.check_torch(case)  # first: what it says to omit may be what others leave out
    gpu_rules.check_board(case)
    architecture.check(case)
    gpu_rules.check_cuda118(case)
    generation.check(case)
    return _planned(case, dist, request, _driver_met(stack, profile, catalog))


def _planned(
    case: Case, dist: Distribution, request: ImageRequest, driver: str | None
) -> ImageResolution:
    builds = torch_builds.builds(case, dist)
    interpreter = torch_rules.python(case, dist, builds)
    builds = torch_rules.with_companions(case, builds, interpreter)
    cuda = cuda_rules.plan(case, dist, in_image=True)
    cudnn = cudnn_rules.plan(case, dist)
    groups = torch_rules.by_lock(case, builds, interpreter)
    build = image_rules.first_build(case, [build for group in groups for build in group], driver)
    taken = repository_rules.taken(None, cuda[1] if cuda else None, cudnn)
    if taken:
        repository_rules.check_key(case, dist)
    if case.conflicts or build is None or interpreter is None:
        return ImageResolution(None, tuple(case.conflicts))
    torch = torch_rules.plan(case, dist, build, interpreter)
    service = image_rules.service(case, torch)
    repositories = repository_rules.planned(case, dist, taken)
    image_rules.explain(case, dist, request, build, driver)
    parts = support_rules.of_image(case, cuda[0] if cuda else None, cudnn, torch)
    plan = ImagePlan(
        stack=case.stack.name,
        name=NAME,
        tag="v" + minor(torch.version),
        base=image_rules.base(case, request),
        os=case.profile.os,
        arch=case.profile.arch,
        cuda=image_rules.without_omitted(case, cuda[0]) if cuda else None,
        cudnn=cudnn,
        torch=torch,
        service=service,
        repositories=repositories,
        reasons=tuple(case.reasons),
        notices=tuple(case.notices),
        support_parts=parts,
    )
    return ImageResolution(plan, ())


def _driver_met(stack: Stack, profile: HostProfile, catalog: Catalog) -> str | None:
    """The driver that the image meets: what is on the host, else what is planned for it.

    ``None``: nobody knows, and the best build is taken.
    """
    if profile.driver and profile.driver.version:
        asked = stack.driver.version or stack.driver.branch
        if asked is None:
            return profile.driver.version
    planned = resolve(replace(stack, containers=None, native=False), profile, catalog).plan
    return planned.driver.version if planned and planned.driver else None

"""One host and one stack into a plan, or into the conflicts that forbid it.

Pure, total and deterministic: no file, no clock, no exception for anything that a user can state.
"""

from __future__ import annotations

from dataclasses import replace

from stacks.catalog.distributions import CudaOffer, Distribution, DriverOffer
from stacks.catalog.read import Catalog
from stacks.follow import followed, leading_on
from stacks.model.change import Change
from stacks.model.containers import ContainerPlan
from stacks.model.host import HostProfile
from stacks.model.messages import Reason
from stacks.model.plan import (
    CudaPlan,
    CudnnPlan,
    DriverPlan,
    JetsonPlan,
    Plan,
    Repository,
    Resolution,
    TorchPlan,
)
from stacks.model.requests import Stack
from stacks.rules import (
    architecture,
    availability,
    driver_moves,
    driver_refusals,
    elsewhere,
    generation,
    torch_builds,
)
from stacks.rules import containers as container_rules
from stacks.rules import cuda as cuda_rules
from stacks.rules import cudnn as cudnn_rules
from stacks.rules import driver as driver_rules
from stacks.rules import gpu as gpu_rules
from stacks.rules import jetson as jetson_rules
from stacks.rules import release as release_rules
from stacks.rules import repository as repository_rules
from stacks.rules import support as support_rules
from stacks.rules import torch as torch_rules
from stacks.rules.case import Case, numbers
from stacks.rules.torch_builds import Build


def resolve(stack: Stack, profile: HostProfile, catalog: Catalog) -> Resolution:
    """The plan for this host, or at least one conflict; never both, never neither.

    All conflicts that can be told apart are collected, so that a person sees them in one go.
    """
    profile = release_rules.named(profile, catalog)
    found = _resolve(stack, profile, catalog)
    if found.plan is not None:
        return found

    def again(change: Change) -> Resolution:
        return _resolve(*followed(stack, profile, change), catalog)

    return Resolution(None, leading_on(found.conflicts, again))


def _resolve(stack: Stack, profile: HostProfile, catalog: Catalog) -> Resolution:
    own = stack if stack.native else replace(stack, cuda=None, cudnn=None, torch=None)
    if profile.jetson_l4t is not None:
        return _jetson(Case(own, jetson_rules.with_board(profile, catalog), catalog))
    case = Case(own, profile, catalog)
    gpu_rules.identify(case)
    dist = release_rules.distribution(case)
    gpu_rules.check_board(case)
    architecture.check(case)
    gpu_rules.check_flavours(case)
    gpu_rules.check_cuda118(case)
    generation.check(case)
    if dist is None:
        return Resolution(None, tuple(case.conflicts))
    return _host(case, dist, torch_builds.lowest_floor(case, None if stack.native else stack.torch))


def _jetson(case: Case) -> Resolution:
    if case.profile.gpus or case.profile.expected_gpus:
        gpu_rules.identify(case)
    parts = jetson_rules.plan(case)
    if parts is None or case.conflicts:
        return Resolution(None, tuple(case.conflicts))
    return _planned(
        case,
        None,
        parts.cuda,
        None,
        parts.torch,
        parts.repositories,
        parts.jetson,
    )


def _host(case: Case, dist: Distribution, image_floor: str | None) -> Resolution:
    builds = torch_builds.builds(case, dist)
    interpreter = torch_rules.python(case, dist, builds)
    builds = torch_rules.with_companions(case, builds, interpreter)
    # Drivers are looked at even when something above failed: a person wants all the news at once.
    offers = driver_rules.candidates(case, dist) if case.cards else []
    needs = _floors(case)
    if image_floor:
        needs["PyTorch in the image"] = image_floor
    groups = torch_rules.by_lock(case, builds, interpreter)
    choice = _first_pair(offers, groups, needs) if case.stack.torch else _first(offers, needs)
    cuda = cuda_rules.plan(case, dist, {choice[0].origin} if choice else {o.origin for o in offers})
    cudnn = cudnn_rules.plan(case, dist)
    containers = container_rules.plan(case, dist)
    driver_rules.check_kernels(case)
    if case.conflicts or not offers:
        return Resolution(None, tuple(case.conflicts))

    if choice is None:
        name, variant = builds[0] if builds else ("", None)
        if variant:
            needs[f"PyTorch's {name}"] = variant.floor
        driver_refusals.below_floor(case, dist, offers[0], needs)
        return Resolution(None, tuple(case.conflicts))
    offer, build = driver_moves.newest(case, choice[0]), choice[1]
    replaces = driver_moves.replaced(case, dist, offer)
    taken = repository_rules.taken(offer, cuda[1] if cuda else None, cudnn)
    if taken:
        repository_rules.check_key(case, dist)
    if case.conflicts:
        return Resolution(None, tuple(case.conflicts))

    if build:
        needs[f"PyTorch's {build[0]}"] = build[1].floor
    floor = max(needs.values(), key=numbers, default="")
    if case.stack.torch and case.stack.cuda:
        case.reasons.insert(0, _two_stacks(case))
    driver = driver_rules.plan(case, dist, offer, floor, replaces)
    made, engines = cuda[0] if cuda else None, containers[0] if containers else None
    availability.check(case, driver, made, cudnn, containers=engines)
    if case.conflicts:
        return Resolution(None, tuple(case.conflicts))
    torch = torch_rules.plan(case, dist, build, interpreter) if build and interpreter else None
    _check_installable(case, dist, offer, cuda[1] if cuda else None)
    repositories = repository_rules.planned(case, dist, taken) + (
        containers[1] if containers else ()
    )
    return _planned(case, driver, made, cudnn, torch, repositories, None, engines)


def _floors(case: Case) -> dict[str, str]:
    """What of the stack needs which lowest driver, PyTorch apart."""
    needs = {card.model.name: card.first_branch for card in case.cards if card.first_branch}
    if case.stack.cuda:
        floor = case.catalog.cuda.floors.rows.get(case.stack.cuda.version.split(".")[0])
        if floor:
            needs[f"CUDA {case.stack.cuda.version}"] = floor
    cudnn = cudnn_rules.floor(case)
    if case.stack.cudnn and cudnn:
        needs[f"cuDNN {case.stack.cudnn.version}"] = cudnn
    return needs


def _first_pair(
    offers: list[DriverOffer], groups: list[list[Build]], needs: dict[str, str]
) -> tuple[DriverOffer, Build | None] | None:
    """The first driver that is not below the floors, with the first build that it can run.

    Of the first group of builds for which there is one.
    """
    for builds, offer in ((builds, offer) for builds in groups for offer in offers):
        for build in builds:
            if _first([offer], {**needs, build[0]: build[1].floor}):
                return offer, build
    return None


def _first(
    offers: list[DriverOffer], needs: dict[str, str]
) -> tuple[DriverOffer, Build | None] | None:
    """The first driver that is not below the floors."""
    for offer in offers:
        if all(numbers(offer.version) >= numbers(floor) for floor in needs.values()):
            return offer, None
    return None


def _two_stacks(case: Case) -> Reason:
    cuda, torch = case.stack.cuda, case.stack.torch
    assert cuda is not None and torch is not None
    return Reason(
        "stacks",
        "two stacks, one driver",
        f"PyTorch {torch.version} has no CUDA {cuda.version} build and brings its own CUDA and "
        "cuDNN inside its venv (DT_RPATH, so nothing outside can shadow them); the system's CUDA "
        f"{cuda.version} stands beside it, and both share only the driver. The system's nvcc "
        "cannot build extensions for this PyTorch",
        case.catalog.pytorch.last.cite,
    )


def _check_installable(
    case: Case, dist: Distribution, offer: DriverOffer, cuda: CudaOffer | None
) -> None:
    """PLAN-ONLY where this release does not install a chosen part."""
    parts = []
    if offer.support == "plan":
        parts.append(f"driver {offer.branch} ({offer.flavour}) from {offer.origin}")
    if cuda and cuda.support == "plan":
        parts.append(f"CUDA from {cuda.origin}")
    if case.profile.arch != "x86_64":
        parts.append(f"anything on {case.profile.arch}")
    if not parts:
        return
    case.notice(
        "PLAN-ONLY",
        f"This is a plan only: this release does not install it on {dist.name}.",
        f"No test of ours has installed {' or '.join(parts)}.",
        "Take it as advice for doing it by hand"
        + (
            "; `python -m stacks matrix` shows what is carried out."
            if elsewhere.is_real(dist) and case.profile.arch == "x86_64"
            else f", or use {elsewhere.installed_for_real(case.catalog)} on x86_64."
        ),
    )


def _planned(
    case: Case,
    driver: DriverPlan | None,
    cuda: CudaPlan | None,
    cudnn: CudnnPlan | None,
    torch: TorchPlan | None,
    repositories: tuple[Repository, ...] = (),
    jetson: JetsonPlan | None = None,
    containers: ContainerPlan | None = None,
) -> Resolution:
    profile = case.profile
    parts = support_rules.of_host(case, driver, cuda, cudnn, torch, containers)
    return Resolution(
        Plan(
            stack=case.stack.name,
            os=profile.os,
            arch=profile.arch,
            gpus=gpu_rules.named(case),
            driver=driver,
            cuda=cuda,
            cudnn=cudnn,
            torch=torch,
            reasons=tuple(case.reasons),
            notices=tuple(case.notices),
            support_parts=parts,
            repositories=repositories,
            jetson=jetson,
            containers=containers,
        ),
        (),
    )

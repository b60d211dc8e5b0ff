"""Which builds of PyTorch run on these GPUs, and which of them can be installed."""

from __future__ import annotations

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release
from stacks.model.change import Change, Way
from stacks.model.requests import TorchRequest
from stacks.model.versions import minor
from stacks.rules import others, torch_refusals, torch_requests
from stacks.rules.case import Case, numbers

Build = torch_refusals.Build


def release_of(case: Case) -> Release | None:
    """The catalogue's row for the version that is asked for."""
    request = case.stack.torch
    if request is None:
        return None
    release = case.catalog.pytorch.releases.get(minor(request.version))
    return release if release and request.version in release.versions else None


def builds(case: Case, dist: Distribution) -> list[Build]:
    """Builds that fit everything but the driver, best first; empty where a conflict was added."""
    request = case.stack.torch
    if request is None:
        return []
    release = release_of(case)
    if release is None:
        known = [v for r in case.catalog.pytorch.releases.values() for v in r.versions]
        close = nearest(request.version, known)
        case.conflict(
            "TORCH-VERSION",
            f"PyTorch {request.version} is not in the catalogue.",
            f"Known: {', '.join(known)}.",
            others.omitted("Take the stack's own", "torch_version"),
            Way("Ask for one that is known: {how}.", Change.of(torch_version=(close or known)[0])),
            "Add the release to stacks/catalog/pytorch.yaml, with its source.",
        )
        return []
    before = len(case.conflicts)
    torch_requests.check(case, dist, request, release)
    if len(case.conflicts) > before:
        return []
    found = _variants(case, request, release)
    if not found:
        return []
    fitting = [
        build for build in found if torch_refusals.runs(build[1], case.cards, case.profile.arch)
    ]
    if not fitting and not any(conflict.code == "GPU-KEPLER" for conflict in case.conflicts):
        torch_refusals.no_code(case, request, release, found)
    return fitting


def lowest_floor(case: Case, request: TorchRequest | None) -> str | None:
    """The lowest driver with which a build of ``request`` runs on these GPUs: that of an image.

    ``None`` where nothing is asked for, or no build of it has code for them.
    """
    if request is None:
        return None
    release = case.catalog.pytorch.releases.get(minor(request.version))
    arch = case.profile.arch
    floors = [
        variant.floor
        for name, variant in (release.variants.items() if release else ())
        if request.variant in (None, name)
        and arch in variant.sm
        and torch_refusals.runs(variant, case.cards, arch)
    ]
    return min(floors, key=numbers, default=None)


def _variants(case: Case, request: TorchRequest, release: Release) -> list[Build]:
    arch = case.profile.arch
    found = [
        (name, variant)
        for name, variant in release.variants.items()
        if request.variant in (None, name)
        and request.cudnn in (None, variant.cudnn.split(".")[0])
        and arch in variant.sm
        and (request.index != "pypi" or release.default_index.get(arch) == name)
    ]
    if not found:
        torch_refusals.no_build(case, request, release)
    default = release.default_index.get(arch)
    return sorted(found, key=lambda build: build[0] != default)

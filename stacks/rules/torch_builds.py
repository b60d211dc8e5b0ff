"""Which builds of PyTorch run on these GPUs, and which of them can be installed."""

from __future__ import annotations

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release, Variant
from stacks.model.requests import TorchRequest
from stacks.model.versions import minor
from stacks.rules import torch_requests
from stacks.rules.case import Card, Case, names, numbers

Build = tuple[str, Variant]
"""Variant name (``cu128``) and facts."""


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
            f"Ask for {', '.join(close) or known[0]}.",
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
    fitting = [build for build in found if _runs(build[1], case.cards, case.profile.arch)]
    if not fitting and not any(conflict.code == "GPU-KEPLER" for conflict in case.conflicts):
        _sm_conflict(case, request, release, found)
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
        and _runs(variant, case.cards, arch)
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
        there = sorted({a for v in release.variants.values() for a in v.sm})
        case.conflict(
            "TORCH-NO-VARIANT",
            f"No known build of PyTorch {request.version} for {arch} is what the stack asks for.",
            f"Asked: variant {request.variant or 'any'}, index {request.index or 'any'}, cuDNN "
            f"{request.cudnn or 'any'}. Builds: "
            f"{', '.join(release.variants)} for {', '.join(there)}; the package index serves "
            f"{release.default_index.get(arch, 'none')}.",
            "Omit `variant`, `index` and `cudnn` and let the resolver choose; aarch64 has "
            "`pytorch-2.9`.",
        )
    default = release.default_index.get(arch)
    return sorted(found, key=lambda build: build[0] != default)


def _runs(variant: Variant, cards: tuple[Card, ...], arch: str) -> bool:
    codes = [numbers(sm) for sm in variant.sm[arch]]
    return all(runs_on(codes, numbers(card.model.sm)) for card in cards if card.is_known)


def runs_on(codes: list[tuple[int, ...]], sm: tuple[int, ...]) -> bool:
    """Whether machine code for one of ``codes`` runs on ``sm``: same major, minor not above."""
    return any(code[0] == sm[0] and code[1] <= sm[1] for code in codes)


def _sm_conflict(case: Case, request: TorchRequest, release: Release, tried: list[Build]) -> None:
    arch = case.profile.arch
    lists = "; ".join(
        f"{name}: {' '.join('sm_' + sm.replace('.', '') for sm in variant.sm[arch])}"
        for name, variant in tried
    )
    bad = [
        card
        for card in case.cards
        if not any(_runs(variant, (card,), arch) for _, variant in tried)
    ]
    others = [
        name
        for name, variant in release.variants.items()
        if arch in variant.sm and _runs(variant, case.cards, arch)
    ]
    remedies = []
    if others:
        remedies.append(
            f"Take {' or '.join(others)}: omit `variant` and `index` (no `--variant`, no "
            "`--origin torch=…`)."
        )
    elif not bad:
        remedies.append("Put the GPUs into different hosts: no one build has code for them all.")
    if any(name == "kepler" for name in (card.model.generation for card in case.cards)):
        remedies.append("Use a GPU of the Maxwell generation or later.")
    if not others:
        remedies.append(
            "Take another stack: `python -m stacks list` shows them; pytorch-2.9 serves Maxwell to "
            "Blackwell, the cu118 stacks Maxwell to Hopper (and the K80)."
        )
    case.conflict(
        "TORCH-NO-SM",
        f"PyTorch {request.version} ({', '.join(name for name, _ in tried)}) has no code for "
        f"{names(bad or list(case.cards))}.",
        f"The wheels carry machine code for {lists}. It runs on the same major and an equal or "
        "higher minor only; the import would work, the first kernel launch would not.",
        *remedies,
    )

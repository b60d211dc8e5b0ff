"""Why no build of a PyTorch, or no Python, fits; and the ways out."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release, Variant
from stacks.model.change import Change, Way
from stacks.model.requests import TorchRequest
from stacks.rules import others
from stacks.rules.case import Card, Case, names, numbers

Build = tuple[str, Variant]
"""Variant name (``cu128``) and facts."""


def runs(variant: Variant, cards: tuple[Card, ...], arch: str) -> bool:
    """Whether a build has code for every card whose capability is known."""
    codes = [numbers(sm) for sm in variant.sm[arch]]
    return all(runs_on(codes, numbers(card.model.sm)) for card in cards if card.model.sm)


def runs_on(codes: list[tuple[int, ...]], sm: tuple[int, ...]) -> bool:
    """Whether machine code for one of ``codes`` runs on ``sm``: same major, minor not above."""
    return any(code[0] == sm[0] and code[1] <= sm[1] for code in codes)


def no_python(
    case: Case,
    dist: Distribution,
    request: TorchRequest,
    release: Release,
    offered: tuple[str, ...],
) -> None:
    """PYTHON-NONE, with what the host and its archive have in ``offered``."""
    asked = f"Python {request.python}" if request.python else "Python that fits"
    ways: list[Way] = []
    if request.python and any(v in release.pythons for v in offered):
        text = f"Omit the request for Python {request.python}"
        ways.append(others.omitted(text, "torch_python"))
    able = {
        key: row.name
        for key, row in case.catalog.distributions.items()
        if any(v in release.pythons for v in row.pythons) and case.profile.arch in row.arches
    }
    listed = ", ".join(dict.fromkeys(able.values()))
    elsewhere = [
        Way(f"Use a distribution with one of them ({listed}), such as {able[key]}: {{how}}.",
            Change.to(os=key))
        for key in [key for key in able if key != case.profile.os][:1]
    ]  # fmt: skip
    case.conflict(
        "PYTHON-NONE",
        f"{dist.name} has no {asked} for PyTorch {request.version}.",
        f"PyTorch {request.version} is built for Python {', '.join(release.pythons)}; the host "
        f"and its archive have {', '.join(offered) or 'none'}.",
        *ways,
        *others.stacks(case),
        others.without("torch", "Leave PyTorch out (containers bring their own Python)"),
        *elsewhere,
    )


def no_build(case: Case, request: TorchRequest, release: Release) -> None:
    """TORCH-NO-VARIANT: no build for this architecture is what is asked for."""
    arch = case.profile.arch
    there = sorted({a for v in release.variants.values() for a in v.sm})
    said = {"torch_variant": request.variant, "torch_index": request.index}
    asked = [name for name, value in said.items() if value]
    case.conflict(
        "TORCH-NO-VARIANT",
        f"No known build of PyTorch {request.version} for {arch} is what the stack asks for.",
        f"Asked: variant {request.variant or 'any'}, index {request.index or 'any'}, cuDNN "
        f"{request.cudnn or 'any'}. Builds: "
        f"{', '.join(release.variants)} for {', '.join(there)}; the package index serves "
        f"{release.default_index.get(arch, 'none')}.",
        *([others.omitted("Let the resolver choose", *asked)] if asked else []),
        *others.stacks(case),
        others.without("torch", "Leave PyTorch out"),
    )


def no_code(case: Case, request: TorchRequest, release: Release, tried: list[Build]) -> None:
    """TORCH-NO-SM: none of the builds ``tried`` has code for all cards."""
    arch = case.profile.arch
    lists = "; ".join(
        f"{name}: {' '.join('sm_' + sm.replace('.', '') for sm in variant.sm[arch])}"
        for name, variant in tried
    )
    bad = [
        card for card in case.cards if not any(runs(variant, (card,), arch) for _, variant in tried)
    ]
    able = [
        name
        for name, variant in release.variants.items()
        if arch in variant.sm and runs(variant, case.cards, arch)
    ]
    said = {"torch_variant": request.variant, "torch_index": request.index}
    asked = [name for name, value in said.items() if value]
    ways: list[Way] = []
    if able and asked:
        ways.append(others.omitted(f"Let the resolver take {' or '.join(able)}", *asked))
    ways += others.stacks(case)
    if not able and not bad:
        ways.append(others.one_of_them(case, "no one build has code for them all"))
    case.conflict(
        "TORCH-NO-SM",
        f"PyTorch {request.version} ({', '.join(name for name, _ in tried)}) has no code for "
        f"{names(bad or list(case.cards))}.",
        f"The wheels carry machine code for {lists}. It runs on the same major and an equal or "
        "higher minor only; the import would work, the first kernel launch would not.",
        *ways,
        others.without("torch", "Leave PyTorch out"),
    )

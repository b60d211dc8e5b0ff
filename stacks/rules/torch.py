"""PyTorch: which build runs on these GPUs, this C library and this Python."""

from __future__ import annotations

import hashlib

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release, Variant
from stacks.model.plan import TorchPlan
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


def python(case: Case, dist: Distribution) -> str | None:
    """The interpreter's minor version, or ``None`` after PYTHON-NONE."""
    request = case.stack.torch
    release = release_of(case)
    if request is None or release is None:
        return None
    # The archive's own come first: their packages are known and can be installed.
    order = [*dist.pythons]
    order += sorted(set(case.profile.pythons or ()) - {*order}, key=numbers, reverse=True)
    offered = tuple(order)
    if request.python:
        order = [v for v in order if v == request.python]
    found = next((v for v in order if v in release.pythons), None)
    if found is None:
        asked = f"Python {request.python}" if request.python else "a Python that fits"
        case.conflict(
            "PYTHON-NONE",
            f"{dist.name} has no {asked.removeprefix('a ')} for PyTorch {request.version}.",
            f"PyTorch {request.version} is built for Python {', '.join(release.pythons)}; the host "
            f"and its archive have {', '.join(offered) or 'none'}.",
            *(
                [f"Omit the request for Python {request.python} (`--python`, `torch_python`)."]
                if request.python and any(v in release.pythons for v in offered)
                else []
            ),
            f"Use a distribution with one of them: {_distributions_with(case, release)}.",
        )
    return found


def plan(case: Case, dist: Distribution, build: Build, interpreter: str) -> TorchPlan:
    """The PyTorch part of the plan."""
    request, release = case.stack.torch, release_of(case)
    assert request is not None and release is not None
    name, variant = build
    arch = case.profile.arch
    lock_name = lock_file(request.version, name, interpreter, arch, request.companions)
    lock = case.catalog.locks.get(lock_name)
    if lock is None:
        case.notice(
            "LOCK-MISSING",
            f"stacks/locks/{lock_name} is not there.",
            "Without it the venv's packages have no pinned hashes, and two hosts may differ.",
            f"`python -m stacks lock {case.stack.name}` where the index of {name} can be reached.",
        )
    index = _index(case, request, release, name)
    _explain(case, release, name, index, interpreter, dist)
    return TorchPlan(
        version=request.version,
        variant=name,
        cuda=variant.cuda,
        cudnn=variant.cudnn,
        sm=variant.sm[arch],
        python=interpreter,
        python_packages=dist.pythons.get(interpreter, ()),
        index=index,
        default_index=case.profile.indexes.get("pypi"),
        lock=lock_name,
        locked=lock is not None,
        env_digest=lock.sha256[:12] if lock else unlocked_digest(lock_name),
        packages=top_level(case, request, release, dict(lock.packages) if lock else {}),
        disk_mb=release.disk_mb,
    )


def lock_file(
    version: str, variant: str, interpreter: str, arch: str, companions: tuple[str, ...]
) -> str:
    """Name of the lock: ``torch-2.9.1-cu128-cp311-x86_64.txt``, companions after a plus."""
    extra = "".join(f"+{name}" for name in sorted(companions))
    return f"torch-{version}-{variant}-cp{interpreter.replace('.', '')}-{arch}{extra}.txt"


def unlocked_digest(lock_name: str) -> str:
    """Names the venv folder where there is no lock: 12 hex digits over the lock's name."""
    return hashlib.sha256(lock_name.encode()).hexdigest()[:12]


def top_level(
    case: Case, request: TorchRequest, release: Release, locked: dict[str, str]
) -> dict[str, str]:
    """Packages that were asked for by name, and their versions as far as they are decided."""
    found = {"torch": request.version}
    for name in sorted(request.companions):
        found[name] = release.versions[request.version][name]
    for name, specifier in (*case.catalog.pytorch.always.rows.items(), *release.extras.items()):
        if name in locked:
            found[name] = locked[name]
        elif specifier.startswith("=="):
            found[name] = specifier[2:]
    return found


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


def _index(case: Case, request: TorchRequest, release: Release, name: str) -> str | None:
    default = release.default_index.get(case.profile.arch) == name
    if default and request.index != "pytorch":
        return case.profile.indexes.get("pypi")
    base = case.profile.indexes.get("pytorch") or case.catalog.pytorch.indexes.rows["pytorch"]
    return f"{base.rstrip('/')}/{name}"


def _distributions_with(case: Case, release: Release) -> str:
    fitting = [
        row.name
        for row in case.catalog.distributions.values()
        if any(v in release.pythons for v in row.pythons)
    ]
    return ", ".join(fitting)


def _explain(
    case: Case,
    release: Release,
    name: str,
    index: str | None,
    interpreter: str,
    dist: Distribution,
) -> None:
    request = case.stack.torch
    assert request is not None
    served = release.default_index.get(case.profile.arch)
    if request.variant:
        why = "this build is asked for"
    elif name == served:
        why = "the package index serves this build, so any mirror of it will do"
    else:
        why = (
            f"the package index serves {served}, which does not fit here; {name} is on PyTorch's "
            "own index"
        )
    case.reason(
        "torch",
        f"{request.version}+{name} (CUDA {release.variants[name].cuda}, "
        f"cuDNN {release.variants[name].cudnn})",
        f"{why}; it has code for {names(case.cards)}",
        release.cite,
    )
    case.reason(
        "torch",
        f"Python {interpreter}",
        f"{dist.name}'s own interpreter"
        if interpreter in dist.pythons
        else "an interpreter that the host has",
        dist.cite,
    )

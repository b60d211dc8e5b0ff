"""PyTorch: its Python, its lock, and the plan that comes of them."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution
from stacks.catalog.read import Lock
from stacks.catalog.software import Release
from stacks.model.plan import TorchPlan
from stacks.model.requests import TorchRequest
from stacks.rules import torch_files, torch_refusals
from stacks.rules.case import Case, names, numbers
from stacks.rules.torch_builds import Build, release_of


def python(case: Case, dist: Distribution, builds: list[Build]) -> str | None:
    """The interpreter's minor version, or ``None`` after PYTHON-NONE.

    The first of the archive's for which one of ``builds`` is locked; else the first that fits.
    """
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
    fitting = [v for v in order if v in release.pythons]
    locked = (v for v in fitting if any(_lock(case, build, v) for build in builds))
    found = next(locked, next(iter(fitting), None))
    if found is None:
        torch_refusals.no_python(case, dist, request, release, offered)
    return found


def plan(case: Case, dist: Distribution, build: Build, interpreter: str) -> TorchPlan:
    """The PyTorch part of the plan."""
    request, release = case.stack.torch, release_of(case)
    assert request is not None and release is not None
    name, variant = build
    arch = case.profile.arch
    lock_name = torch_files.lock_file(request.version, name, interpreter, arch)
    lock = _lock(case, build, interpreter)
    if lock is None:
        notice_missing(case, lock_name, name, interpreter)
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
        env_digest=lock.sha256[:12] if lock else torch_files.unlocked_digest(lock_name),
        packages=top_level(case, request, release, dict(lock.packages) if lock else {}),
        disk_mb=release.disk_mb,
    )


def by_lock(case: Case, builds: list[Build], interpreter: str | None) -> list[list[Build]]:
    """``builds`` in two groups: those that are locked for this Python come first.

    Of the others, first one whose wheel a public place names at all: it is nearest to a lock.
    """
    if interpreter is None:
        return [builds]
    locked = [build for build in builds if _lock(case, build, interpreter)]
    others = [build for build in builds if build not in locked]
    return [locked, sorted(others, key=lambda build: not _is_named(case, build, interpreter))]


def with_companions(case: Case, builds: list[Build], interpreter: str | None) -> list[Build]:
    """Those of ``builds`` that have every companion that is asked for.

    A build without a lock counts as one that has them. TORCH-COMPANION where none is left.
    """
    request = case.stack.torch
    if request is None or not request.companions or interpreter is None or case.conflicts:
        return builds
    lacking: dict[str, str] = {}
    for build in builds:
        lock = _lock(case, build, interpreter)
        names = [name for name in request.companions if lock and name not in lock.packages]
        if names:
            lacking[build[0]] = names[0]
    found = [build for build in builds if build[0] not in lacking]
    for name, companion in lacking.items() if not found else ():
        _no_companion(case, request, name, companion, interpreter)
    return found


def notice_missing(case: Case, lock_name: str, variant: str, interpreter: str) -> None:
    """LOCK-MISSING, with the file whose digest is missing where it is for want of one."""
    request, arch = case.stack.torch, case.profile.arch
    assert request is not None
    file = torch_files.missing(case.catalog, "torch", request.version, variant, interpreter, arch)
    jetson = case.profile.jetson_l4t
    options = (
        f" --jetson {jetson}"
        if jetson
        else f" --variant {variant} --python {interpreter} --arch {arch}"
    )
    why = f"{torch_files.why_missing(case.catalog, file)} " if file else ""
    where = "PyTorch's own index" if file else "the package index"
    case.notice(
        "LOCK-MISSING",
        f"stacks/locks/{lock_name} is not there.",
        f"{why}Without a lock the venv's packages have no pinned hashes, and two hosts may differ.",
        f"`python -m stacks lock {case.stack.name}{options}` where {where} can be reached.",
    )


def _lock(case: Case, build: Build, interpreter: str) -> Lock | None:
    request = case.stack.torch
    assert request is not None
    name = torch_files.lock_file(request.version, build[0], interpreter, case.profile.arch)
    return case.catalog.locks.get(name)


def _is_named(case: Case, build: Build, interpreter: str) -> bool:
    request, arch = case.stack.torch, case.profile.arch
    assert request is not None
    file = torch_files.missing(case.catalog, "torch", request.version, build[0], interpreter, arch)
    return file is None or file in case.catalog.pytorch.wheels.rows


def _no_companion(
    case: Case, request: TorchRequest, variant: str, companion: str, interpreter: str
) -> None:
    arch = case.profile.arch
    file = torch_files.missing(case.catalog, companion, request.version, variant, interpreter, arch)
    case.conflict(
        "TORCH-COMPANION",
        f"The lock of PyTorch {request.version}+{variant} for Python {interpreter} on {arch} has "
        f"no {companion}.",
        torch_files.why_missing(case.catalog, file)
        if file
        else f"It was made without {companion}.",
        f"Omit {companion} (`torch_companions`, `torch.companions` of the stack): what is locked "
        "beside PyTorch comes without being asked for.",
        f"`python -m stacks lock {case.stack.name} --variant {variant} --python {interpreter} "
        f"--arch {arch}` where PyTorch's own index can be reached.",
    )


def top_level(
    case: Case, request: TorchRequest, release: Release, locked: dict[str, str]
) -> dict[str, str]:
    """Packages that are wanted by name, and their versions as far as they are decided.

    Companions are wanted wherever they are locked.
    """
    found = {"torch": request.version}
    for name, version in sorted(release.versions[request.version].items()):
        if name in locked or (not locked and name in request.companions):
            found[name] = version
    for name, specifier in (*case.catalog.pytorch.always.rows.items(), *release.extras.items()):
        if name in locked:
            found[name] = locked[name]
        elif specifier.startswith("=="):
            found[name] = specifier[2:]
    return found


def _index(case: Case, request: TorchRequest, release: Release, name: str) -> str | None:
    default = release.default_index.get(case.profile.arch) == name
    if default and request.index != "pytorch":
        return case.profile.indexes.get("pypi")
    base = case.profile.indexes.get("pytorch") or case.catalog.pytorch.indexes.rows["pytorch"]
    return f"{base.rstrip('/')}/{name}"


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

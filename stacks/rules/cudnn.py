"""The system cuDNN beside the toolkit."""

from __future__ import annotations

from stacks.catalog.distributions import Distribution
from stacks.catalog.software import CudnnBuild, CudnnBuilds
from stacks.model.change import Change, Way
from stacks.model.plan import CudnnPlan
from stacks.model.requests import Origin
from stacks.rules import others
from stacks.rules.case import Case, numbers
from stacks.rules.cuda import download

PREFIX = "/opt/gpuwright/cudnn"


def floor(case: Case) -> str | None:
    """Lowest driver for the cuDNN that is asked for; ``None`` where none is asked for."""
    found = _series(case)
    return found[1].floor if found else None


def plan(case: Case, dist: Distribution) -> CudnnPlan | None:
    """The cuDNN part of the plan, or ``None``: not asked for, or a conflict was added."""
    request = case.stack.cudnn
    if request is None:
        return None
    found = _series(case)
    if found is None:
        known = [v for series in case.catalog.cudnn.series.values() for v in series.rows]
        case.conflict(
            "CUDNN-VERSION",
            f"cuDNN {request.version} as a system library is not in the catalogue.",
            f"Known: {', '.join(sorted(known))}.",
            Way("Ask for a series that is known: {how}.", Change.of(cudnn_version="8.9")),
            others.without("cudnn", "Leave the system cuDNN out, PyTorch brings its own"),
        )
        return None
    _, series = found
    arch = case.profile.arch
    order: tuple[Origin, ...] = (request.origin,) if request.origin else dist.cudnn
    for origin in order:
        if f"cudnn.{origin}" in dist.refused:
            continue
        for version, build in series.rows.items():
            if not _matches(version, request.version):
                continue
            made = _build(case, dist, origin, version, build, series)
            if made is not None:
                _explain(case, made, series)
                return made
    refusal = dist.refused.get(f"cudnn.{request.origin}") if request.origin else None
    able = [o for o in dist.cudnn if any(_serves(dist, o, b, arch) for b in series.rows.values())]
    case.conflict(
        "CUDNN-ORIGIN",
        f"cuDNN {request.version} cannot come from {request.origin or 'anywhere'} on {dist.name}, "
        f"{arch}.",
        (refusal or f"Origins that have it for {arch}: {', '.join(able) or 'none'}") + ".",
        *[
            Way(f"Take it from {origin}: {{how}}.", Change.of(cudnn_origin=origin))
            for origin in able
        ],
        others.without("cudnn", "Leave the system cuDNN out, PyTorch brings its own"),
    )
    return None


def _series(case: Case) -> tuple[str, CudnnBuilds] | None:
    request = case.stack.cudnn
    if request is None:
        return None
    for name, series in case.catalog.cudnn.series.items():
        if any(_matches(version, request.version) for version in series.rows):
            return name, series
    return None


def _matches(version: str, request: str) -> bool:
    asked = numbers(request)
    return bool(asked) and numbers(version)[: len(asked)] == asked


def _serves(dist: Distribution, origin: str, build: CudnnBuild, arch: str) -> bool:
    if origin == "nvidia":
        packages = build.packages.get(dist.nvidia_repository or "")
        return packages is not None and arch in packages.arches
    if origin == "wheels":
        return build.wheel is not None and arch in build.wheel_arches
    return origin == "redist" and arch in build.redist


def _build(
    case: Case,
    dist: Distribution,
    origin: Origin,
    version: str,
    build: CudnnBuild,
    series: CudnnBuilds,
) -> CudnnPlan | None:
    arch = case.profile.arch
    if not _serves(dist, origin, build, arch):
        return None
    if origin == "nvidia":
        packages = build.packages[dist.nvidia_repository or ""]
        return CudnnPlan(
            version=version,
            origin=origin,
            prefix="/usr",
            packages=packages.names,
            versions=dict.fromkeys(packages.names, packages.version),
            held=("libcudnn8*", "libnccl*"),
            disk_mb=series.disk_mb,
        )
    prefix = f"{PREFIX}/{version}-cuda{build.cuda}"
    if origin == "wheels":
        return CudnnPlan(
            version=version,
            origin=origin,
            prefix=prefix,
            wheel=build.wheel or "",
            index=case.profile.indexes.get("pypi"),
            disk_mb=series.disk_mb,
        )
    mirror = case.profile.indexes.get("redist")
    base = f"{mirror.rstrip('/')}/cudnn/redist/" if mirror else series.base
    return CudnnPlan(
        version=version,
        origin=origin,
        prefix=prefix,
        download=download("cudnn", base, build.redist[arch]),
        disk_mb=series.disk_mb,
    )


def _explain(case: Case, made: CudnnPlan, series: CudnnBuilds) -> None:
    request = case.stack.cudnn
    why = {
        "nvidia": "NVIDIA's repository for this release has it, by exact version",
        "wheels": "a package index serves it with a pinned hash, so the mirror that serves torch "
        "serves cuDNN too; 8.9.6 is the newest 8.x for CUDA 11 there (8.9.7: "
        "`--origin cudnn=redist`)",
        "redist": "NVIDIA's own tarball, checked by sha256; the package index has no such wheel "
        f"for {case.profile.arch}"
        if case.profile.arch != "x86_64"
        else "NVIDIA's own tarball, checked by sha256",
    }.get(made.origin, "asked for")
    if request and request.origin:
        why = f"this origin is asked for; {why}"
    case.reason("cudnn", f"{made.version} from {made.origin} in {made.prefix}", why, series.cite)

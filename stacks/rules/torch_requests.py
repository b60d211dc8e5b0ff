"""What a stack may ask of PyTorch, and what no build of it can give."""

from __future__ import annotations

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release
from stacks.model.change import Change, Value, Way
from stacks.model.requests import TorchRequest
from stacks.model.versions import minor
from stacks.rules import elsewhere, others
from stacks.rules.case import Case, numbers


def check(case: Case, dist: Distribution, request: TorchRequest, release: Release) -> None:
    """Add a conflict for each part of the request, and for the C library, that cannot be."""
    _check_build(case, request)
    _check_variant(case, request, release)
    _check_cudnn(case, request)
    _check_index(case, request, release)
    _check_glibc(case, dist, request, release)
    _check_companions(case, request, release)


def _check_build(case: Case, request: TorchRequest) -> None:
    last = case.catalog.pytorch.last
    if request.build == "source":
        own = case.stack.cuda
        newer = numbers(request.version) > numbers(last.source_build_cuda11)
        if own and numbers(own.version) < (12,) and newer:
            case.conflict(
                "TORCH-118-SOURCE",
                f"PyTorch {request.version} cannot be built with CUDA {own.version}.",
                'Its build stops at "PyTorch requires CUDA 12.0 or above." '
                "(cmake/public/cuda.cmake); no option switches that off.",
                "Take the wheel (`build: wheel`): it brings its own CUDA beside the system's "
                f"{own.version}.",
                f"The newest release whose build accepts CUDA {own.version} is "
                f"{last.source_build_cuda11}.",
            )
        else:
            case.conflict(
                "TORCH-SOURCE",
                "PyTorch is not built from source here.",
                "The stack asks for `build: source`; gpuwright installs official wheels only.",
                "Take the wheel: `build: wheel`, or omit the key.",
            )


def _check_variant(case: Case, request: TorchRequest, release: Release) -> None:
    last = case.catalog.pytorch.last
    builds_there = ", ".join(release.variants)
    cuda = _cu118(case)
    if request.variant == "cu118" and numbers(request.version) > numbers(last.cu118):
        said = dict.fromkeys(others.said(case, "torch"))
        both = [name for name in ("torch_variant", "torch_version") if name in said]
        own: dict[str, Value] = dict.fromkeys(both)
        case.conflict(
            "TORCH-NO-CU118",
            f"PyTorch {request.version} has no CUDA {cuda} build.",
            f"Official builds are {builds_there}; the last with CUDA {cuda} is {last.cu118}.",
            Way(
                f"torch {request.version} with its own CUDA in a venv next to the system's CUDA "
                f"{cuda}; they share only the driver ({case.catalog.cuda.floors.rows['12']} or "
                "later), as the stack `pytorch-2.9` says: {how}.",
                Change(own, "" if own else "pytorch-2.9"),
            ),
            Way(
                f"torch {last.cu118} with CUDA {cuda} and cuDNN 9: {{how}}.",
                Change(said, "pytorch-2.7-cu118"),
            ),
            Way(
                f"torch {last.cudnn8} with CUDA {cuda} and cuDNN 8: {{how}}.",
                Change(said, "pytorch-2.3-cu118-cudnn8"),
            ),
        )
    elif request.variant and request.variant not in release.variants:
        close = nearest(request.variant, release.variants, 1) or list(release.variants)[:1]
        case.conflict(
            "TORCH-NO-VARIANT",
            f"PyTorch {request.version} has no {request.variant} build.",
            f"Builds that are known: {builds_there}.",
            others.omitted("Let the resolver choose", "torch_variant"),
            Way("Ask for one that there is: {how}.", Change.of(torch_variant=close[0])),
        )


def _check_cudnn(case: Case, request: TorchRequest) -> None:
    last = case.catalog.pytorch.last
    if (
        request.cudnn
        and numbers(request.cudnn) < (9,)
        and numbers(request.version) > numbers(last.cudnn8)
    ):
        case.conflict(
            "TORCH-NO-CUDNN8",
            f"PyTorch {request.version} cannot use cuDNN {request.cudnn}.",
            "Its libraries are linked with libcudnn.so.9, which the wheel brings; the last with "
            f"cuDNN 8 is {last.cudnn8}.",
            "Keep cuDNN 8 as the system's library beside it: stack `pytorch-2.9` as it is.",
            f"torch {last.cudnn8} with CUDA {_cu118(case)} and cuDNN 8: stack "
            "`pytorch-2.3-cu118-cudnn8`.",
        )


def _cu118(case: Case) -> str:
    """The CUDA of the builds that are called cu118."""
    last = case.catalog.pytorch.last.cu118
    return case.catalog.pytorch.releases[minor(last)].variants["cu118"].cuda


def _check_index(case: Case, request: TorchRequest, release: Release) -> None:
    if request.index == "pypi" and release.default_index.get(case.profile.arch) == "cpu":
        case.conflict(
            "AARCH64-PYPI",
            f"The package index's PyTorch {request.version} for {case.profile.arch} is CPU-only.",
            "Its wheel has no CUDA library, and torch.version.cuda is None; nothing says so when "
            "it is installed.",
            others.omitted("Use PyTorch's own index", "torch_index"),
        )


def _check_glibc(case: Case, dist: Distribution, request: TorchRequest, release: Release) -> None:
    there = case.profile.glibc or dist.glibc
    if numbers(there) < numbers(release.glibc):
        case.conflict(
            "GLIBC-OLD",
            f"The C library of {dist.name} is too old for PyTorch {request.version}.",
            f"The wheels need glibc {release.glibc} or later; the host has {there}. pip and uv "
            'say "no matching distribution".',
            Way(
                "Use a newer distribution, such as {how}: "
                f"{elsewhere.c_libraries(case.catalog, 'debian-12', 'ubuntu-22.04', 'rocky-8')}.",
                Change.to(os="debian-12"),
            ),
            "Run PyTorch in a container: its C library counts, not the host's.",
        )


def _check_companions(case: Case, request: TorchRequest, release: Release) -> None:
    known = release.versions[request.version]
    for name in request.companions:
        if name not in known:
            case.conflict(
                "TORCH-COMPANION",
                f'No version of "{name}" is known for PyTorch {request.version}.',
                f"Companions with a matching release: {', '.join(known)}.",
                Way(
                    "Ask for one that is known: {how}.",
                    Change.of(torch_companions=((nearest(name, known, 1) or list(known))[0],)),
                ),
                f'Install "{name}" into an environment of your own.',
            )

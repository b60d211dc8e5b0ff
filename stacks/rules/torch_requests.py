"""What a stack may ask of PyTorch, and what no build of it can give."""

from __future__ import annotations

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import Distribution
from stacks.catalog.software import Release
from stacks.model.requests import TorchWish
from stacks.rules.case import Case, numbers


def check(case: Case, dist: Distribution, wish: TorchWish, release: Release) -> None:
    """Add a conflict for each part of the wish, and for the C library, that cannot be."""
    _check_build(case, wish)
    _check_variant(case, wish, release)
    _check_cudnn(case, wish)
    _check_index(case, wish)
    _check_glibc(case, dist, wish, release)
    _check_companions(case, wish, release)


def _check_build(case: Case, wish: TorchWish) -> None:
    last = case.catalog.pytorch.last
    if wish.build == "source":
        old = case.stack.cuda is not None and numbers(case.stack.cuda.version) < (12,)
        if old and numbers(wish.version) > numbers(last.source_build_cuda11):
            case.conflict(
                "TORCH-118-SOURCE",
                f"PyTorch {wish.version} cannot be built with CUDA 11.8.",
                "Its build stops at «PyTorch requires CUDA 12.0 or above.» "
                "(cmake/public/cuda.cmake); no option switches that off.",
                "Take the wheel (`build: wheel`): it brings its own CUDA beside the system's 11.8.",
                f"The newest release whose build accepts CUDA 11.8 is {last.source_build_cuda11}.",
            )
        else:
            case.conflict(
                "TORCH-SOURCE",
                "PyTorch is not built from source here.",
                "The stack asks for `build: source`; gpuwright installs official wheels only.",
                "Take the wheel: `build: wheel`, or leave the key away.",
            )


def _check_variant(case: Case, wish: TorchWish, release: Release) -> None:
    last = case.catalog.pytorch.last
    builds_there = ", ".join(release.variants)
    if wish.variant == "cu118" and numbers(wish.version) > numbers(last.cu118):
        case.conflict(
            "TORCH-NO-CU118",
            f"PyTorch {wish.version} has no CUDA 11.8 build.",
            f"Official builds are {builds_there}; the last with CUDA 11.8 is {last.cu118}.",
            f"torch {wish.version} with its own CUDA in a venv next to the system's CUDA 11.8; "
            "they share only the driver (525.60.13 or later): stack `pytorch-2.9` as it is.",
            f"torch {last.cu118} with CUDA 11.8 and cuDNN 9: stack `pytorch-2.7-cu118`.",
            f"torch {last.cudnn8} with CUDA 11.8 and cuDNN 8: stack `pytorch-2.3-cu118-cudnn8`.",
        )
    elif wish.variant and wish.variant not in release.variants:
        close = nearest(wish.variant, release.variants, 1) or list(release.variants)[:1]
        case.conflict(
            "TORCH-NO-VARIANT",
            f"PyTorch {wish.version} has no {wish.variant} build.",
            f"Builds that are known: {builds_there}.",
            f"Ask for {close[0]}, or leave `variant` away and let the resolver choose.",
        )


def _check_cudnn(case: Case, wish: TorchWish) -> None:
    last = case.catalog.pytorch.last
    if wish.cudnn and numbers(wish.cudnn) < (9,) and numbers(wish.version) > numbers(last.cudnn8):
        case.conflict(
            "TORCH-NO-CUDNN8",
            f"PyTorch {wish.version} cannot use cuDNN {wish.cudnn}.",
            "Its libraries are linked with libcudnn.so.9, which the wheel brings; the last with "
            f"cuDNN 8 is {last.cudnn8}.",
            "Keep cuDNN 8 as the system's library beside it: stack `pytorch-2.9` as it is.",
            f"torch {last.cudnn8} with CUDA 11.8 and cuDNN 8: stack `pytorch-2.3-cu118-cudnn8`.",
        )


def _check_index(case: Case, wish: TorchWish) -> None:
    if wish.index == "pypi" and case.profile.arch == "aarch64":
        case.conflict(
            "AARCH64-PYPI",
            f"The package index's PyTorch {wish.version} for aarch64 is CPU-only.",
            "Its wheel has no CUDA library, and torch.version.cuda is None; nothing says so when "
            "it is installed.",
            "Use PyTorch's own index: leave `index` away, or `--origin torch=pytorch`.",
        )


def _check_glibc(case: Case, dist: Distribution, wish: TorchWish, release: Release) -> None:
    there = case.profile.glibc or dist.glibc
    if numbers(there) < numbers(release.glibc):
        case.conflict(
            "GLIBC-OLD",
            f"The C library of {dist.name} is too old for PyTorch {wish.version}.",
            f"The wheels need glibc {release.glibc} or later; the host has {there}. pip and uv "
            "say «no matching distribution».",
            "Use a newer distribution: Debian 12 has 2.36, Ubuntu 22.04 has 2.35, Rocky 8 2.28.",
            "Run PyTorch in a container: its C library counts, not the host's.",
        )


def _check_companions(case: Case, wish: TorchWish, release: Release) -> None:
    known = release.versions[wish.version]
    for name in wish.companions:
        if name not in known:
            case.conflict(
                "TORCH-COMPANION",
                f"No version of «{name}» is known for PyTorch {wish.version}.",
                f"Companions with a matching release: {', '.join(known)}.",
                f"Ask for {(nearest(name, known, 1) or list(known))[0]}, or install «{name}» into "
                "an environment of your own.",
            )

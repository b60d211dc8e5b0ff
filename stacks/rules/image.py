"""What an image's plan needs beyond the rules for hosts: its base, its services, its driver."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase

from stacks.catalog.distributions import Distribution
from stacks.catalog.read import Catalog
from stacks.catalog.releases import understood
from stacks.model.change import Change, Way
from stacks.model.containers import ImageRequest, ImageService
from stacks.model.host import HostProfile
from stacks.model.plan import CudaPlan, TorchPlan
from stacks.model.requests import CudaRequest, Stack
from stacks.rules import elsewhere, others
from stacks.rules.case import Case, names, numbers
from stacks.rules.torch_builds import Build

_REFERENCE = re.compile(
    r"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?[a-z0-9._/-]+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?"
)
"""An image's name (distribution/reference, grammar), as far as it matters: nothing else may stand
in a Dockerfile."""


def cuda_request(stack: Stack, request: ImageRequest) -> CudaRequest | None:
    """The image's request for CUDA: none of it, its libraries, or nvcc as well."""
    if stack.cuda is None or request.cuda == "none":
        return None
    return replace(stack.cuda, purpose="compile" if request.cuda == "devel" else "runtime")


def without_omitted(case: Case, cuda: CudaPlan) -> CudaPlan:
    """The libraries that an image has of the toolkit; all of it where it can compile."""
    if cuda.purpose == "compile":
        return cuda
    omitted = case.catalog.image.omitted

    def stays(name: str) -> bool:
        return not any(fnmatchcase(name, one.path) for one in omitted.packages)

    kept = tuple(name for name in cuda.packages if stays(name))
    if kept != cuda.packages:
        case.reason(
            "cuda",
            f"without {', '.join(one.path for one in omitted.packages)}",
            "; ".join(f"{one.path}: {one.why} ({one.mb} MB)" for one in omitted.packages),
            omitted.cite,
        )
    return replace(
        cuda,
        packages=kept,
        downloads=tuple(file for file in cuda.downloads if stays(file.name)),
        versions={name: version for name, version in cuda.versions.items() if name in kept},
        disk_mb=cuda.disk_mb - sum(one.mb for one in omitted.packages) * (kept != cuda.packages),
    )


def distribution(case: Case, request: ImageRequest) -> str | None:
    """The distribution inside; ``None`` after IMAGE-BASE."""
    facts = case.catalog.image.bases
    if request.base is not None and not _REFERENCE.fullmatch(request.base):
        case.conflict(
            "IMAGE-BASE",
            f'"{request.base}" is no reference of an image.',
            "A reference is [REGISTRY/]NAME[:TAG][@sha256:64 HEX DIGITS], its name in lower case.",
            Way("Write it so: {how}.", Change.of(image_base=facts.rows[facts.default].reference)),
        )
        return None
    if request.os:
        catalog = case.catalog
        found: str | None = understood(request.os, catalog.releases, catalog.distributions)
    elif request.base is None:
        found = facts.default
    else:
        name, _, tag = request.base.split("@")[0].rpartition("/")[2].partition(":")
        found = next(
            (
                os
                for os, row in facts.rows.items()
                if row.name == name and any(tag.startswith(start) for start in row.tags)
            ),
            None,
        )
    if found in facts.rows:
        return found
    known = "; ".join(f"{row.reference} ({os})" for os, row in facts.rows.items())
    case.conflict(
        "IMAGE-BASE",
        f'Nobody can tell which distribution is in the base image "{request.base or request.os}".',
        f"Which Python, CUDA and C library the image gets follows from it. Known: {known}.",
        Way(
            "Say it, for an image of your own that is made from it, such as {how}.",
            Change.of(image_os=facts.default),
        ),
        Way(
            f"Take {facts.rows[facts.default].reference}: {{how}}.",
            Change(dict.fromkeys(("image_base", "image_os"))),
        ),
    )
    return None


def base(case: Case, request: ImageRequest) -> str:
    """Reference of the base image."""
    return request.base or case.catalog.image.bases.rows[case.profile.os].reference


def inside(profile: HostProfile, os: str, catalog: Catalog) -> HostProfile:
    """A profile of what is in the image, on hosts like ``profile``."""
    return HostProfile(
        os=os,
        arch=profile.arch,
        gpus=profile.gpus,
        expected_gpus=profile.expected_gpus,
        glibc=catalog.distributions[os].glibc,
        indexes=profile.indexes,
        fingerprints=profile.fingerprints,
    )


def check_jetson(case: Case) -> None:
    """IMAGE-JETSON: images for servers do not run on a Jetson."""
    if case.profile.jetson_l4t is None:
        return
    case.conflict(
        "IMAGE-JETSON",
        "No image is made for a Jetson.",
        "A Jetson's CUDA and cuDNN are JetPack's own, and an image must be made from NVIDIA's for "
        "the very release of Jetson Linux.",
        "Run PyTorch without a container: `pyinfra INVENTORY deploys/jetson_host.py`.",
        "Take an image that is made for this JetPack, such as those of dusty-nv/jetson-containers.",
    )


def check_arch(case: Case, dist: Distribution) -> None:
    """ARCH-UNSUPPORTED: the base is not there for these hosts."""
    if case.profile.arch not in dist.arches:
        case.conflict(
            "ARCH-UNSUPPORTED",
            f"An image from {dist.name} for {case.profile.arch} is not planned.",
            f"Known architectures: {', '.join(dist.arches)}.",
            Way(
                f"Use hosts with {' or '.join(dist.arches)}: {{how}}.",
                Change.to(arch=dist.arches[0]),
            ),
        )


def check_torch(case: Case) -> None:
    """IMAGE-NO-TORCH: the stack has nothing that the image is for."""
    if case.stack.torch is None:
        case.conflict(
            "IMAGE-NO-TORCH",
            f"The stack {case.stack.name} has no PyTorch: there is no image of it.",
            "The image is the stack's PyTorch with JupyterLab and TensorBoard.",
            *_with_torch(case),
            "See what stacks there are: `python -m stacks list`.",
        )


def _with_torch(case: Case) -> list[Way]:
    """The stack with the PyTorch of its file, or the first stack that has one for these GPUs."""
    kept = others.omitted("Let the stack have its PyTorch", "without")
    gone = ["without"] if "without" in case.stack.said else []
    return [
        kept,
        *(
            replace(
                way, change=replace(way.change, data={**way.change.data, **dict.fromkeys(gone)})
            )
            for way in others.stacks(case)[:1]
        ),
    ]


def first_build(case: Case, builds: list[Build], driver: str | None) -> Build | None:
    """The best build that the driver can run; ``None`` after DRIVER-FLOOR."""
    if not builds or driver is None:
        return builds[0] if builds else None
    for build in builds:
        if numbers(build[1].floor) <= numbers(driver):
            return build
    branch, _ = elsewhere.maintained_branch(case.catalog)
    lowest = min((build[1].floor for build in builds), key=numbers)
    case.conflict(
        "DRIVER-FLOOR",
        f"The driver {driver} of these hosts is too old for the image.",
        f"PyTorch {case.stack.torch.version if case.stack.torch else ''} needs {lowest} "
        f"({', '.join(f'{name}: {variant.floor}' for name, variant in builds)}).",
        Way(
            "Bring the hosts to a newer driver by `pyinfra INVENTORY deploys/container_host.py`: "
            "{how}.",
            Change.of(driver_branch=branch),
        ),
    )  # fmt: skip
    return None


def service(case: Case, torch: TorchPlan) -> ImageService:
    """JupyterLab and TensorBoard, locked together with PyTorch."""
    facts = case.catalog.image.services
    name = service_lock(torch.lock)
    lock = case.catalog.locks.get(name)
    if lock is None:
        case.notice(
            "LOCK-MISSING",
            f"stacks/locks/{name} is not there.",
            "Without it JupyterLab, TensorBoard and what they need have no pinned hashes, and two "
            "images may differ.",
            f"`python -m stacks lock {case.stack.name} --python {torch.python} --variant "
            f"{torch.variant}`.",
        )
    case.reason(
        "services",
        ", ".join(f"{package} {version}" for package, version in facts.rows.items()),
        "resolved with PyTorch's lock as a constraint, so that both go into one environment",
        facts.cite,
    )
    packages = lock.packages if lock else facts.rows
    return ImageService(
        packages={package: packages.get(package, facts.rows[package]) for package in facts.rows},
        lock=name,
        locked=lock is not None,
        digest=lock.sha256[:12] if lock else "",
    )


def service_lock(torch_lock: str) -> str:
    """Name of the lock that holds what services need beyond a torch lock."""
    return f"workspace-{torch_lock}"


def explain(
    case: Case, dist: Distribution, request: ImageRequest, build: Build, driver: str | None
) -> None:
    """Why the base is what it is, what the hosts need, and what a tag leaves open."""
    reference = base(case, request)
    facts = case.catalog.image.bases
    case.reason(
        "base",
        f"{reference} ({dist.name})",
        "asked for"
        if request.base
        else f"the same distribution as hosts of this stack have in the tests; its C library "
        f"{dist.glibc} and its Python do not depend on the host",
        facts.cite,
    )
    case.reason(
        "driver",
        f"none in the image; {build[1].floor} or later on the hosts",
        "the container toolkit brings the host's driver into the container"
        + (f"; here that is {driver}" if driver else "")
        + f", for {names(case.cards)}",
        case.catalog.cuda.floors.cite,
    )
    case.reason(
        "nccl",
        "no variable is set",
        "NCCL finds NVLink, PCI and network cards by itself; what it needs from outside is shared "
        "memory (`--shm-size`) and locked memory (`--ulimit memlock=-1`), and those are given to "
        "a container, not to an image",
        "NVIDIA NCCL user guide, environment variables and troubleshooting (memory)",
    )
    if "@sha256:" not in reference:
        case.notice(
            "IMAGE-BASE-TAG",
            f"The base image {reference} is named by a tag, which moves.",
            "Images that are built on different days from one lock have the same PyTorch and the "
            "same services, and may have newer packages of the distribution.",
            f"Name it with its digest: `image_base: {reference.split('@')[0]}@sha256:…` "
            f"(`docker inspect --format '{{{{index .RepoDigests 0}}}}' {reference}`).",
        )

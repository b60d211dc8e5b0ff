"""The system CUDA toolkit: where it comes from and whether it can compile."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from stacks.catalog.decode import nearest
from stacks.catalog.distributions import CudaOffer, Distribution, HostCompiler
from stacks.catalog.software import File, Toolkit
from stacks.model.change import Change, Way
from stacks.model.plan import CudaPlan, Download
from stacks.model.requests import CudaRequest, Origin
from stacks.rules import elsewhere, others
from stacks.rules.case import Case


def plan(
    case: Case, dist: Distribution, drivers: Collection[Origin] = (), in_image: bool = False
) -> tuple[CudaPlan, CudaOffer] | None:
    """The toolkit part of the plan, or ``None``: not asked for, or a conflict was added.

    ``drivers`` are the origins that the driver can still come from. An image must not bring a part
    of the driver: the container toolkit puts the host's there.
    """
    request = case.stack.cuda
    if request is None:
        return None
    toolkits = case.catalog.cuda.toolkits
    toolkit = toolkits.rows.get(request.version)
    if toolkit is None:
        close = nearest(request.version, toolkits.rows)
        case.conflict(
            "CUDA-VERSION",
            f"CUDA {request.version} as a system toolkit is not in the catalogue.",
            f"Known: {', '.join(toolkits.rows)}.",
            f"Ask for CUDA {(close or list(toolkits.rows))[0]}.",
            others.without("cuda", "Leave the system toolkit out, PyTorch brings its own CUDA"),
        )
        return None
    offers = _without_driver(dist.cuda, request) if in_image else dist.cuda
    offer = _choose(case, dist, offers, drivers)
    if offer is None:
        return None
    compiler = host_compiler(dist, toolkit)
    purpose = _purpose(case, dist, toolkit, compiler)
    if purpose is None:
        return None
    _explain(case, dist, offer, compiler)
    return (
        CudaPlan(
            version=request.version,
            release=toolkit.release,
            origin=offer.origin,
            purpose="compile" if purpose == "compile" else "runtime",
            packages=offer.packages,
            downloads=_downloads(case, offer, purpose) if offer.origin == "redist" else (),
            components=offer.components,
            prefix=offer.prefix,
            nvcc=offer.nvcc if purpose == "compile" else "",
            host_compiler=compiler.path if compiler and purpose == "compile" else "",
            compiler_packages=compiler.packages if compiler and purpose == "compile" else (),
            sm=toolkit.sm,
            held=offer.held,
            disk_mb=offer.disk_mb,
            versions={n: v for n, v in offer.versions.items() if n in offer.packages},
        ),
        offer,
    )


def _without_driver(offers: tuple[CudaOffer, ...], request: CudaRequest) -> tuple[CudaOffer, ...]:
    """The offers for an image: an archive's nvcc depends on the archive's libcuda1."""
    return tuple(
        replace(offer, packages=offer.libraries, disk_mb=offer.libraries_mb)
        if request.purpose == "runtime" and offer.libraries
        else offer
        for offer in offers
        if offer.origin not in ("debian", "ubuntu")
        or (request.purpose == "runtime" and offer.libraries)
    )


def _choose(
    case: Case, dist: Distribution, rows: tuple[CudaOffer, ...], drivers: Collection[Origin]
) -> CudaOffer | None:
    request = case.stack.cuda
    assert request is not None
    offers = [
        offer
        for offer in rows
        if offer.version == request.version and case.profile.arch in offer.arches
    ]
    # The archive's toolkit depends on the archive's libcuda1: with a driver from elsewhere it
    # would pull a second driver in.
    if drivers and not {"debian", "ubuntu"} & set(drivers) and request.origin is None:
        offers = [offer for offer in offers if offer.origin not in ("debian", "ubuntu")]
    left = [offer for offer in offers if request.origin in (None, offer.origin)]
    if left:
        return left[0]
    refusal = dist.refused.get(f"cuda.{request.origin}")
    if refusal is None and not offers:
        refusal = "; ".join(t for key, t in dist.refused.items() if key.startswith("cuda."))
    there = ", ".join(offer.origin for offer in offers) or "none"
    case.conflict(
        "CUDA-ORIGIN",
        f"CUDA {request.version} cannot come from {request.origin or 'anywhere'} on {dist.name}, "
        f"{case.profile.arch}.",
        f"{refusal or 'No such offer is known'}. Origins that have it: {there}.",
        *[
            Way(f"Take it from {o.origin}: {{how}}.", Change.of(cuda_origin=o.origin))
            for o in offers
        ],
        f"Use the container {_image(case)}; it needs only the host's driver.",
        others.without("cuda", "Leave the system toolkit out"),
    )
    return None


def host_compiler(dist: Distribution, toolkit: Toolkit) -> HostCompiler | None:
    """The first compiler of the distribution that nvcc accepts."""
    for compiler in dist.compilers:
        low, high = toolkit.gcc if compiler.kind == "gcc" else toolkit.clang
        if low <= compiler.major <= high:
            return compiler
    return None


def _image(case: Case) -> str:
    """NVIDIA's own image with this toolkit."""
    assert case.stack.cuda is not None
    return case.catalog.cuda.images.rows[case.stack.cuda.version]


def _able_to_compile(case: Case, toolkit: Toolkit) -> Way | str:
    """The first distribution of the catalogue whose archive has a compiler that nvcc accepts."""
    for key, dist in case.catalog.distributions.items():
        if compiler := host_compiler(dist, toolkit):
            text = f"Use {elsewhere.called(key)}, {{how}}: its archive has {compiler.packages[0]}."
            return Way(text, Change.to(os=key))
    return "No distribution of the catalogue has a compiler for it."


def _purpose(
    case: Case, dist: Distribution, toolkit: Toolkit, compiler: HostCompiler | None
) -> str | None:
    request = case.stack.cuda
    assert request is not None
    if request.purpose == "runtime":
        return "runtime"
    if compiler is not None:
        return "compile"
    there = ", ".join(f"{c.kind} {c.major}" for c in dist.compilers)
    why = (
        f"nvcc {request.version} accepts gcc {toolkit.gcc[0]} to {toolkit.gcc[1]} and clang "
        f"{toolkit.clang[0]} to {toolkit.clang[1]}; {dist.name} has {there or 'none'}."
    )
    container = f"Compile in the container {_image(case)}; what it builds runs on this host."
    if request.purpose == "compile":
        case.conflict(
            "CUDA-NO-COMPILER",
            f"Nothing can be compiled with CUDA {request.version} on {dist.name}.",
            why,
            _able_to_compile(case, toolkit),
            container,
            Way("Ask for the libraries only: {how}.", Change.of(cuda_purpose="auto")),
        )
        return None
    case.notice(
        "CUDA-RUNTIME-ONLY",
        f"CUDA {request.version} is runtime only here: programs run, nvcc cannot compile.",
        why,
        container,
    )
    return "runtime"


def _downloads(case: Case, offer: CudaOffer, purpose: str) -> tuple[Download, ...]:
    request = case.stack.cuda
    assert request is not None
    redist = case.catalog.cuda.redist[request.version]
    mirror = case.profile.indexes.get("redist")
    base = f"{mirror.rstrip('/')}/cuda/redist/" if mirror else redist.base
    wanted = ("runtime", "compile") if purpose == "compile" else ("runtime",)
    return tuple(
        download(name, base, file)
        for name, file in redist.files.get(case.profile.arch, {}).items()
        if file.role in wanted
    )


def download(name: str, base: str, file: File) -> Download:
    """The catalogue's file below ``base``."""
    return Download(name=name, base=base, path=file.path, sha256=file.sha256, size=file.size)


def _explain(
    case: Case, dist: Distribution, offer: CudaOffer, compiler: HostCompiler | None
) -> None:
    request = case.stack.cuda
    assert request is not None
    if request.origin:
        why = "this origin is asked for"
    elif offer.origin == "nvidia":
        why = (
            "NVIDIA's repository for this release has it; small packages by exact version, none "
            "of those that pull in an old driver or a desktop (`cuda`, `cuda-toolkit-11-8`)"
        )
    elif offer.origin in ("debian", "ubuntu"):
        why = f"{dist.name}'s own archive has it, signed, and keeps it patched"
    else:
        refused = [text for key, text in dist.refused.items() if key.startswith("cuda.")]
        why = "; ".join(refused) or "the same files on every distribution, each checked by sha256"
    source = (
        case.catalog.cuda.redist[request.version].cite if offer.origin == "redist" else dist.cite
    )
    case.reason("cuda", f"{request.version} from {offer.origin} in {offer.prefix}", why, source)
    if compiler is not None and request.purpose != "runtime":
        case.reason(
            "cuda",
            f"{compiler.path}, given to nvcc only",
            f"nvcc {request.version} refuses newer compilers than gcc "
            f"{case.catalog.cuda.toolkits.rows[request.version].gcc[1]}; the system's own stays "
            "the default for everything else",
            case.catalog.cuda.toolkits.cite,
        )

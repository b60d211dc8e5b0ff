"""Jetsons: the driver belongs to Jetson Linux, and CUDA 11.8 and PyTorch 2.9 exclude each other."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from stacks.catalog.distributions import Distribution
from stacks.catalog.hardware import JetsonCuda, JetsonLine
from stacks.catalog.read import Catalog
from stacks.model.change import Change, Way
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import CudaPlan, JetsonPlan, Repository, TorchPlan
from stacks.rules import availability, jetson_torch, others
from stacks.rules import containers as container_rules
from stacks.rules import cuda as cuda_rules
from stacks.rules import repository as repository_rules
from stacks.rules.case import Case, numbers
from stacks.rules.jetson_ways import newer, own_gpu, takes_cuda, ways, with_cuda, with_torch

ARCH = "arm64"
"""Folder of the Tegra packages in NVIDIA's repositories; the servers' is ``sbsa``."""


@dataclass(frozen=True)
class Parts:
    """What a Jetson's plan is made of."""

    jetson: JetsonPlan
    cuda: CudaPlan | None
    torch: TorchPlan | None
    repositories: tuple[Repository, ...]


def with_board(profile: HostProfile, catalog: Catalog) -> HostProfile:
    """The profile with the Jetson's own GPU, which is on no PCI bus, where none is named."""
    if profile.gpus or profile.expected_gpus:
        return profile
    line = catalog.jetson.lines.get(_major(profile))
    chips = (profile.jetson_soc,) if profile.jetson_soc else line.socs if line else ()
    own = [key for key, model in catalog.gpus.models.rows.items() if model.soc in chips]
    return replace(profile, gpus=(Gpu(own[0]),)) if len(own) == 1 else profile


def ubuntu(l4t: str, catalog: Catalog) -> str | None:
    """The distribution of a Jetson Linux: ``ubuntu-22.04``; ``None`` where it is unknown."""
    line = catalog.jetson.lines.get(l4t.split(".")[0])
    return f"ubuntu-{line.ubuntu}" if line else None


def plan(case: Case) -> Parts | None:
    """The parts of a Jetson's plan; every misfit is added as a conflict."""
    line = _line(case)
    if line is None:
        return None
    own = brought(case, line)
    _check_cards(case, line)
    _check_driver(case)
    container_rules.refuse_jetson(case)
    _check_pair(case, line, own)
    cuda = _cuda(case, line, own)
    torch = jetson_torch.plan(case, line, own)
    availability.check(case, None, cuda, None, torch)
    if case.conflicts:
        return None
    case.reason(
        "driver",
        f"none: L4T {own.l4t} (JetPack {own.jetpack}) brings it",
        "a Jetson's driver and kernel are part of Jetson Linux; its packages are held, so that no "
        "upgrade moves a part of them",
        case.catalog.jetson.cite,
    )
    taken = line.toolkit if cuda else None
    _check_installable(case, line, cuda, torch)
    return Parts(
        jetson=replace(own, held=(*own.held, *(line.torch.taken if torch and line.torch else ()))),
        cuda=cuda,
        torch=torch,
        repositories=_repositories(case, line, taken, torch),
    )


def brought(case: Case, line: JetsonLine) -> JetsonPlan:
    """What this release brings: its own row of the catalogue, or the newest row before it."""
    l4t = case.profile.jetson_l4t or ""
    rows = {
        version: row
        for version, row in case.catalog.jetson.releases.items()
        if version.split(".")[0] == l4t.split(".")[0]
    }
    exact = rows.get(l4t)
    before = [v for v in rows if numbers(v) <= numbers(l4t)]
    row = exact or (rows[before[-1]] if before else None)
    if exact is None:
        case.notice(
            "JETPACK-ASSUMED",
            f"L4T {l4t} is not in the catalogue; it is taken for JetPack "
            f"{row.jetpack if row else line.jetpack}.",
            f"Known of this line: {', '.join(rows) or 'none'}.",
            "Look at `dpkg-query -W nvidia-jetpack`; CUDA and cuDNN are the line's, as far as "
            "known.",
        )
    return JetsonPlan(
        l4t=l4t,
        jetpack=row.jetpack if row else line.jetpack,
        cuda=(row.cuda if row else None) or line.cuda,
        cudnn=(row.cudnn if row else None) or line.cudnn,
        held=case.catalog.jetson.held,
    )


def _major(profile: HostProfile) -> str:
    return (profile.jetson_l4t or "").split(".")[0]


def _line(case: Case) -> JetsonLine | None:
    l4t = case.profile.jetson_l4t or ""
    line = case.catalog.jetson.lines.get(_major(case.profile))
    if line is None:
        known = ", ".join(
            f"{major} (JetPack {row.jetpack})" for major, row in case.catalog.jetson.lines.items()
        )
        case.conflict(
            "JETSON-UNKNOWN",
            f"Jetson Linux {l4t or '?'} is not in the catalogue.",
            f"Known: L4T {known}.",
            Way(
                "Look at `cat /etc/nv_tegra_release` and flash one of these, such as {how}.",
                Change.to(jetson_l4t=with_torch(case)),
            ),
        )
        return None
    if case.profile.arch != "aarch64":
        case.conflict(
            "ARCH-UNSUPPORTED",
            f"A Jetson is aarch64, not {case.profile.arch}.",
            f"Jetson Linux {l4t} was given together with {case.profile.arch}.",
            Way("Say that it is one, {how}, or omit `--jetson`.", Change.to(arch="aarch64")),
        )
        return None
    if line.ended:
        other = ways(case.catalog)
        case.conflict(
            "JETSON-OLD",
            f"JetPack {line.jetpack} (L4T {l4t}) is too old for every stack.",
            f"It has Python {line.python} and is tied to CUDA {line.cuda}; CUDA {other.cuda} "
            f"needs JetPack {other.cuda_jetpack}, PyTorch {other.torch} needs Python "
            f"{other.python}.",
            *newer(case),
            "Run one of NVIDIA's l4t containers of this JetPack.",
        )
        return None
    return line


def _check_cards(case: Case, line: JetsonLine) -> None:
    for card in case.cards:
        if card.model.soc not in line.socs:
            case.conflict(
                "JETSON-SOC",
                f"{card.name} is not a GPU of Jetson Linux {case.profile.jetson_l4t}.",
                f"It runs on {', '.join(line.socs)}.",
                *own_gpu(case, line),
                "Omit `--jetson` for a host with a PCI card.",
            )


def _check_driver(case: Case) -> None:
    request = case.stack.driver
    if request.branch or request.flavour or request.origin or request.version:
        case.conflict(
            "JETSON-DRIVER",
            "A driver is asked for, and a Jetson's driver cannot be chosen.",
            "It is part of Jetson Linux; a driver from elsewhere breaks the board.",
            others.omitted(
                "Leave it to Jetson Linux",
                *(n for n, value in asdict(request).items() if value for n in [f"driver_{n}"]),
            ),
        )


def _check_pair(case: Case, line: JetsonLine, own: JetsonPlan) -> None:
    cuda, torch = case.stack.cuda, case.stack.torch
    if cuda is not None and torch is not None:
        other = ways(case.catalog)
        has = case.catalog.jetson.releases.get(own.l4t)
        runs = line.torch is not None and (has is None or has.torch)
        cuda_way = other.cuda_alone("" if line.toolkit else with_cuda(case))
        alone = (cuda_way, other.torch_alone("" if runs else with_torch(case)))
        case.conflict(
            "JETSON-BOTH",
            f"No Jetson can have both CUDA {cuda.version} and PyTorch {torch.version}.",
            f"This is JetPack {own.jetpack} (L4T {own.l4t}) with CUDA {own.cuda} and Python "
            f"{line.python}. CUDA {other.cuda} can be installed over JetPack {other.cuda_jetpack} "
            f"only; PyTorch {other.torch} needs Python {other.python} and a CUDA of "
            f"{other.torch_cudas[0]} or later, so JetPack {other.torch_jetpacks}.",
            *(alone if line.toolkit else alone[::-1]),
        )


def _cuda(case: Case, line: JetsonLine, own: JetsonPlan) -> CudaPlan | None:
    request, row = case.stack.cuda, line.toolkit
    if case.stack.cudnn is not None:
        has = f"cuDNN {own.cudnn}" if own.cudnn else "a cuDNN of its own"
        case.conflict(
            "JETSON-CUDNN",
            f"cuDNN {case.stack.cudnn.version} cannot be chosen on a Jetson.",
            f"JetPack {own.jetpack} brings {has}, built for its CUDA {own.cuda}; NVIDIA "
            "publishes no other 8.x for Tegra. It is checked, not replaced.",
            others.without("cudnn", "Leave it out"),
            "Take a stack that is made for Jetsons: `jetson-cuda-11.8` or `jetson-torch-2.9`.",
        )
    if request is None or case.stack.torch is not None:
        return None
    toolkit = case.catalog.cuda.toolkits.rows.get(request.version)
    if row is None or toolkit is None or request.version != row.version:
        other = ways(case.catalog)
        case.conflict(
            "JETSON-118",
            f"JetPack {own.jetpack} (L4T {own.l4t}) cannot take CUDA {request.version}.",
            f"Its own CUDA is {own.cuda}; CUDA {other.cuda} can be installed over JetPack "
            f"{other.cuda_jetpack} only, and no Jetson can have both CUDA {other.cuda} and PyTorch "
            f"{other.torch}.",
            *([other.cuda_alone(with_cuda(case))] if takes_cuda(case) else []),
            others.without(
                "cuda", f"Use JetPack's own CUDA {own.cuda}, and leave the system toolkit out"
            ),
        )
        return None
    if request.origin not in (None, "nvidia"):
        case.conflict(
            "CUDA-ORIGIN",
            f"CUDA {request.version} for a Jetson cannot come from {request.origin}.",
            "NVIDIA's repository for Tegra has it together with the driver libraries that it "
            "needs (cuda-compat-11-8).",
            others.omitted("Take it from there", "cuda_origin"),
        )
        return None
    dist = _distribution(case, line)
    compiler = cuda_rules.host_compiler(dist, toolkit) if dist else None
    case.reason(
        "cuda",
        f"{request.version} from NVIDIA's Tegra repository in {row.prefix}, beside JetPack's "
        f"{own.cuda}",
        "the one toolkit that NVIDIA lets stand over JetPack 5; cuda-compat-11-8 brings the driver "
        "libraries for it, which only shells with our environment file load",
        row.cite,
    )
    return CudaPlan(
        version=request.version,
        release=toolkit.release,
        origin="nvidia",
        purpose="runtime" if request.purpose == "runtime" else "compile",
        packages=row.packages,
        prefix=row.prefix,
        nvcc="" if request.purpose == "runtime" else row.nvcc,
        host_compiler=compiler.path if compiler else "",
        compiler_packages=compiler.packages if compiler else (),
        sm=toolkit.sm,
        held=row.held,
        disk_mb=row.disk_mb,
        versions=dict(row.versions),
        compat=row.compat,
    )


def _distribution(case: Case, line: JetsonLine) -> Distribution | None:
    return case.catalog.distributions.get(f"ubuntu-{line.ubuntu}")


def _repositories(
    case: Case, line: JetsonLine, toolkit: JetsonCuda | None, torch: TorchPlan | None
) -> tuple[Repository, ...]:
    made = []
    if toolkit is not None:
        names = (*toolkit.held, *toolkit.along)
        made.append(repository_rules.repository(case, "apt", toolkit.repository, ARCH, names))
    if torch is not None and line.torch is not None and line.torch.taken:
        row = line.torch
        made.append(repository_rules.repository(case, "apt", row.repository, ARCH, row.taken))
    return tuple(made)


def _check_installable(
    case: Case, line: JetsonLine, cuda: CudaPlan | None, torch: TorchPlan | None
) -> None:
    """PLAN-ONLY where this release does not install a chosen part."""
    levels = [line.toolkit.support] if cuda and line.toolkit else []
    levels += [line.torch.support] if torch and line.torch else []
    if "plan" not in levels:
        return
    case.notice(
        "PLAN-ONLY",
        "This is a plan only: no test of ours has installed it.",
        f"JetPack {line.jetpack} was not tried with these parts.",
        "Take it as advice for doing it by hand.",
    )

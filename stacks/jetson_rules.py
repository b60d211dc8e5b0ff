"""Jetsons: the driver belongs to Jetson Linux, and CUDA 11.8 and PyTorch 2.9 exclude each other."""

from __future__ import annotations

from stacks import torch_rules
from stacks.case import Case, names, numbers
from stacks.hardware import JetsonLine
from stacks.model import TorchPlan

_TWO_WAYS = (
    "PyTorch 2.9 alone on JetPack 6 or 7: `--without cuda` (its own CUDA 12.6 or 13.0).",
    "CUDA 11.8 alone on JetPack 5 (L4T 35): a stack with `torch: null`.",
)


def plan(case: Case) -> TorchPlan | None:
    """The PyTorch part of a Jetson's plan; every misfit is added as a conflict."""
    l4t = case.profile.jetson_l4t or ""
    line = case.catalog.jetson.lines.get(l4t.split(".")[0])
    if line is None:
        known = ", ".join(
            f"{major} (JetPack {row.jetpack})" for major, row in case.catalog.jetson.lines.items()
        )
        case.conflict(
            "JETSON-UNKNOWN",
            f"Jetson Linux {l4t or '?'} is not in the catalogue.",
            f"Known: L4T {known}.",
            "Look at `cat /etc/nv_tegra_release` and flash one of these.",
        )
        return None
    if case.profile.arch != "aarch64":
        case.conflict(
            "ARCH-UNSUPPORTED",
            f"A Jetson is aarch64, not {case.profile.arch}.",
            f"Jetson Linux {l4t} was given together with {case.profile.arch}.",
            "`--arch aarch64`, or leave `--jetson` away.",
        )
        return None
    _check_cards(case, line, l4t)
    _check_driver(case)
    _check_cuda(case, line, l4t)
    return _torch(case, line, l4t)


def _check_cards(case: Case, line: JetsonLine, l4t: str) -> None:
    for card in case.cards:
        if card.model.soc not in line.socs:
            case.conflict(
                "JETSON-SOC",
                f"{card.name} is not a GPU of Jetson Linux {l4t}.",
                f"It runs on {', '.join(line.socs)}.",
                "Name the Jetson's own GPU: `--gpu orin`, `--gpu xavier` or `--gpu thor`.",
                "Leave `--jetson` away for a host with a PCI card.",
            )


def _check_driver(case: Case) -> None:
    wish = case.stack.driver
    if wish.branch or wish.flavour or wish.origin:
        case.conflict(
            "JETSON-DRIVER",
            "A driver is asked for, and a Jetson's driver cannot be chosen.",
            "It is part of Jetson Linux; a driver from elsewhere breaks the board.",
            "Leave `--driver`, `--flavour` and `--origin driver=…` away.",
        )


def _check_cuda(case: Case, line: JetsonLine, l4t: str) -> None:
    cuda, cudnn = case.stack.cuda, case.stack.cudnn
    if cuda is not None and not line.cuda118:
        case.conflict(
            "JETSON-118",
            f"JetPack {line.jetpack} (L4T {l4t}) cannot take CUDA {cuda.version}.",
            f"Its CUDA is {line.cuda}; 11.8 can be installed over JetPack 5 (L4T 35) only. So no "
            "Jetson can have both CUDA 11.8 and PyTorch 2.9.",
            *_TWO_WAYS,
        )
    elif cuda is not None or cudnn is not None:
        case.conflict(
            "JETSON-CUDA",
            "No CUDA toolkit and no cuDNN is installed on a Jetson by this release.",
            f"JetPack {line.jetpack} brings CUDA {line.cuda} and a cuDNN of its own. CUDA 11.8 can "
            "be installed over JetPack 5 by hand; the only cuDNN 8 there is JetPack's own.",
            "Leave them out: `--without cuda`, in the host data `without: [cuda]`.",
            "By hand on JetPack 5: cuda-toolkit-11-8 and cuda-compat-11-8 from "
            "cuda-tegra-repo-ubuntu2004-11-8-local.",
        )


def _torch(case: Case, line: JetsonLine, l4t: str) -> TorchPlan | None:
    wish = case.stack.torch
    if wish is None:
        return None
    minor = ".".join(wish.version.split(".")[:2])
    variant = line.torch.get(minor)
    release = torch_rules.release_of(case)
    python_fits = wish.python in (None, line.python)
    variant_fits = wish.variant in (None, variant)
    plain = wish.build == "wheel" and wish.index is None and not wish.cudnn and not wish.companions
    usable = release is not None and variant in (release.variants if release else {})
    codes = [numbers(sm) for sm in line.torch_sm]
    silicon = all(torch_rules.runs_on(codes, numbers(card.model.sm)) for card in case.cards)
    if not (
        usable
        and python_fits
        and variant_fits
        and plain
        and silicon
        and wish.version == line.torch_version
    ):
        has = (
            f"torch {line.torch_version} as {variant} for Python {line.python}"
            if variant
            else f"none of it (Python {line.python}, CUDA {line.cuda})"
        )
        case.conflict(
            "JETSON-TORCH",
            f"PyTorch {wish.version} as asked for does not run on JetPack {line.jetpack} "
            f"(L4T {l4t}).",
            f"Builds that are known for it: {has}. PyTorch {minor} needs Python 3.10 and a CUDA "
            "that JetPack 5 and older do not have.",
            "Flash JetPack 6 (L4T 36) or later; it has torch 2.9.1 for Python 3.10.",
            "Run PyTorch in one of NVIDIA's l4t containers that fits this JetPack.",
        )
        return None
    if case.conflicts or release is None or variant is None:
        return None
    facts = release.variants[variant]
    case.reason(
        "driver",
        f"none: L4T {l4t} brings it",
        "a Jetson's driver is part of Jetson Linux",
        case.catalog.jetson.cite,
    )
    case.reason(
        "torch",
        f"{wish.version}+{variant} for {names(case.cards)}",
        f"the build that JetPack {line.jetpack} runs; the package index's aarch64 wheel is "
        "CPU-only",
        case.catalog.jetson.cite,
    )
    case.notice(
        "PLAN-ONLY",
        "A Jetson can be planned, but this release does not install it.",
        "No task installs the Jetson wheels yet.",
        f"By hand: a venv with Python {line.python}, torch {wish.version} from {line.torch_index}.",
    )
    lock = torch_rules.lock_file(wish.version, f"jetson-{variant}", line.python, "aarch64", ())
    case.notice(
        "LOCK-MISSING",
        f"stacks/locks/{lock} is not there.",
        "Jetson wheels have no pinned hashes yet.",
        f"`python -m stacks lock {case.stack.name}` where the index can be reached.",
    )
    return TorchPlan(
        version=wish.version,
        variant=variant,
        cuda=facts.cuda,
        cudnn=facts.cudnn,
        sm=line.torch_sm,
        python=line.python,
        python_packages=("python3", "python3-dev"),
        index=line.torch_index,
        lock=lock,
        locked=False,
        env_digest=torch_rules.unlocked_digest(lock),
        packages=torch_rules.top_level(case, wish, release, {}),
        disk_mb=release.disk_mb,
    )

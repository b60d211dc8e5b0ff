"""PyTorch on a Jetson: the one build that its JetPack runs."""

from __future__ import annotations

from stacks.catalog.hardware import JetsonLine, JetsonTorch
from stacks.model.change import Change, Way
from stacks.model.plan import JetsonPlan, TorchPlan
from stacks.model.requests import TorchRequest
from stacks.rules import jetson_ways, others, torch_files, torch_refusals
from stacks.rules import torch as torch_rules
from stacks.rules.case import Case, names, numbers
from stacks.rules.torch_builds import release_of


def plan(case: Case, line: JetsonLine, own: JetsonPlan) -> TorchPlan | None:
    """The PyTorch part, or ``None``: not asked for, or a conflict was added."""
    request, row = case.stack.torch, line.torch
    if request is None or case.stack.cuda is not None:  # both at once has a conflict of its own
        return None
    if row is None or not _has(case, own) or not _fits(case, request, line, row):
        _refuse(case, request, line, own)
        return None
    release = release_of(case)
    if case.conflicts or release is None:
        return None
    variant = release.variants[row.variant]
    lock_name = lock_of(row, line)
    lock = case.catalog.locks.get(lock_name)
    if lock is None:
        torch_rules.notice_missing(case, lock_name, row.variant, line.python)
    dist = case.catalog.distributions.get(f"ubuntu-{line.ubuntu}")
    _explain(case, line, row, own)
    return TorchPlan(
        version=request.version,
        variant=row.variant,
        cuda=variant.cuda if row.bundled else own.cuda,
        cudnn=variant.cudnn if row.bundled else own.cudnn or "",
        sm=row.sm,
        python=line.python,
        python_packages=dist.pythons.get(line.python, ()) if dist else (),
        index=_index(case, row),
        default_index=case.profile.indexes.get("pypi"),
        lock=lock_name,
        locked=lock is not None,
        env_digest=lock.sha256[:12] if lock else torch_files.unlocked_digest(lock_name),
        packages=torch_rules.top_level(case, request, release, dict(lock.packages) if lock else {}),
        disk_mb=row.disk_mb,
        bundled=row.bundled,
        needs=dict(row.needs),
        links=row.links,
    )


def lock_of(row: JetsonTorch, line: JetsonLine) -> str:
    """Name of the lock: the ordinary aarch64 one, or that of an index for Jetsons only."""
    build = f"jetson-{row.variant}" if row.index else row.variant
    return torch_files.lock_file(row.version, build, line.python, "aarch64")


def _has(case: Case, own: JetsonPlan) -> bool:
    release = case.catalog.jetson.releases.get(own.l4t)
    return release is None or release.torch


def _fits(case: Case, request: TorchRequest, line: JetsonLine, row: JetsonTorch) -> bool:
    release = release_of(case)
    codes = [numbers(sm) for sm in row.sm]
    return (
        release is not None
        and row.variant in release.variants
        and request.version == row.version
        and request.python in (None, line.python)
        and request.variant in (None, row.variant)
        and request.build == "wheel"
        and request.index is None
        and not request.cudnn
        and not request.companions
        and all(
            torch_refusals.runs_on(codes, numbers(card.model.sm))
            for card in case.cards
            if card.model.sm
        )
    )


def _refuse(case: Case, request: TorchRequest, line: JetsonLine, own: JetsonPlan) -> None:
    row = line.torch if _has(case, own) else None
    asked = dict.fromkeys(others.said(case, "torch"))
    has = (
        f"torch {row.version} as {row.variant} for Python {line.python}"
        if row
        else f"none of it (Python {line.python}, CUDA {own.cuda})"
    )
    ways = (
        (
            Way(
                f"Ask for that one, torch {row.version}, and nothing beside it: {{how}}.",
                Change(asked, "jetson-torch-2.9"),
            ),
        )
        if row
        else (
            Way(
                "Flash a JetPack that has it, where NVIDIA has one for this board: {how}.",
                Change(asked, "jetson-torch-2.9", {"jetson_l4t": jetson_ways.with_torch(case)}),
            ),
        )
    )
    case.conflict(
        "JETSON-TORCH",
        f"PyTorch {request.version} as asked for does not run on JetPack {own.jetpack} (L4T "
        f"{own.l4t}).",
        f"Builds that are known for it: {has}. PyTorch 2.9 needs Python 3.10 and a CUDA that "
        "JetPack 5 and older do not have.",
        *ways,
        *([jetson_ways.ways(case.catalog).cuda_alone("")] if line.toolkit else []),
        "Run PyTorch in one of NVIDIA's l4t containers that fits this JetPack.",
    )


def _index(case: Case, row: JetsonTorch) -> str:
    """Where torch itself is: the index for Jetsons, PyTorch's own, or a mirror of either."""
    indexes = case.profile.indexes
    if row.index:
        return indexes.get("jetson") or row.index
    base = indexes.get("pytorch") or case.catalog.pytorch.indexes.rows["pytorch"]
    return f"{base.rstrip('/')}/{row.variant}"


def _explain(case: Case, line: JetsonLine, row: JetsonTorch, own: JetsonPlan) -> None:
    where = names(case.cards) or " and ".join(line.socs)
    case.reason(
        "torch",
        f"{row.version}+{row.variant} for {where}",
        f"the build that JetPack {own.jetpack} runs; the package index's aarch64 wheel is CPU-only",
        row.cite,
    )
    if not row.bundled:
        case.reason(
            "torch",
            f"JetPack's own CUDA {own.cuda} and cuDNN {own.cudnn}, and {', '.join(row.needs)}",
            "this wheel brings no CUDA libraries: it loads JetPack's, and some that JetPack lacks",
            row.cite,
        )
    elif any(card.model.sm not in row.sm for card in case.cards):
        case.reason(
            "torch",
            f"machine code for {', '.join('sm_' + sm.replace('.', '') for sm in row.sm)}",
            f"{where} has none of its own in it and runs that of the same major and a lower minor",
            row.cite,
        )

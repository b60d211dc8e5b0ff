"""PyTorch and the age of the host's GPUs."""

from __future__ import annotations

from stacks.model.versions import minor
from stacks.rules import others
from stacks.rules.case import Case, names, numbers


def check(case: Case) -> None:
    """GPU-KEPLER: every CUDA that this PyTorch is built with has dropped the GPU."""
    torch = case.stack.torch
    if torch is None:
        return
    release = case.catalog.pytorch.releases.get(minor(torch.version))
    if release is None:
        return
    oldest = min(numbers(variant.cuda)[0] for variant in release.variants.values())
    dropped = [
        card
        for card in case.cards
        if card.model.generation == "kepler"  # of younger ones TORCH-NO-SM tells more
        and card.generation.last_cuda
        and int(card.generation.last_cuda) < oldest
    ]
    if dropped:
        last = dropped[0].generation.last_branch
        case.conflict(
            "GPU-KEPLER",
            f"{names(dropped)} is too old for PyTorch {torch.version}.",
            f"{dropped[0].generation.name} ends with driver {last} and CUDA "
            f"{dropped[0].generation.last_cuda}; PyTorch {torch.version} is built with CUDA "
            f"{oldest} or later.",
            *others.stacks(case),
            others.without("torch", "Leave PyTorch out"),
            "Use a GPU of the Maxwell generation or later.",
        )

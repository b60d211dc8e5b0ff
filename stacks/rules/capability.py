"""Compute capability as a loaded driver tells it: for cards that the catalogue does not know."""

from __future__ import annotations

from stacks.catalog.hardware import Generation
from stacks.model.change import Change, Way
from stacks.model.host import Gpu
from stacks.rules.case import Card, Case, numbers

_ASK = "`nvidia-smi --query-gpu=pci.bus_id,compute_cap --format=csv`"


def told(case: Case, gpus: list[Gpu]) -> str:
    """What the driver tells of GPUs of one kind; empty: nothing, or not the same of each."""
    said = {case.profile.capabilities.get(gpu.address or "") for gpu in gpus} - {None}
    return said.pop() or "" if len(said) == 1 else ""


def open_or_told(case: Case, sm: str) -> str:
    """A sentence for GPU-UNKNOWN: what hangs on the capability, and whether it is decided."""
    parts = []
    if case.stack.cuda:
        parts.append(f"whether CUDA {case.stack.cuda.version} compiles for it")
    if case.stack.torch:
        parts.append(f"which build of PyTorch {case.stack.torch.version} has code for it")
    rest = " and ".join(parts)
    if sm:
        by = (
            f" By that the plan says {rest}; one that was made before left it open." if rest else ""
        )
        return f"Its driver tells its compute capability: {sm}.{by}"
    left = f" Until then it is left open {rest}." if rest else ""
    return (
        "Its compute capability is undecided: only its driver knows it "
        f"({_ASK}), and a run asks it once it is loaded.{left}"
    )


def generation(case: Case, card: Card) -> Generation | None:
    """The generation of a card's capability; ``None``: no card that is known has it.

    The one beside whose PCI ids an unknown card stands may be another.
    """
    if card.is_known:
        return card.generation
    gpus = case.catalog.gpus
    key = next((c.generation for c in gpus.chips.rows.values() if c.sm == card.model.sm), None)
    return gpus.generations.rows[key] if key else None


def stays(cards: list[Card]) -> str:
    """A sentence for a conflict that a first run, before there was a driver, could not see."""
    if all(card.is_known for card in cards):
        return ""
    return (
        " The driver tells that capability; before it was loaded, nobody knew it. What is "
        "installed stays: nothing is removed."
    )


def compare(case: Case, key: str, gpus: list[Gpu]) -> None:
    """GPU-CAPABILITY: the driver tells another capability than the one that the plan goes by."""
    model = case.catalog.known.models[key]
    for gpu in gpus:
        sm = case.profile.capabilities.get(gpu.address or "")
        if sm is None or numbers(sm) == numbers(model.sm):
            continue
        said = f"The driver tells {sm} for the GPU at {gpu.address}"
        known = case.catalog.known
        if known.pci.get((gpu.pci_id or "").lower()) == key or gpu.model == key:
            case.notice(
                "GPU-CAPABILITY",
                f"The driver tells another compute capability for the {model.name} than the "
                "catalogue.",
                f"{said} (10de:{gpu.pci_id}), the catalogue {model.sm}; the plan goes by the "
                "catalogue.",
                f"Look at both: {_ASK}, `lspci -nn -d 10de:`. Where the driver is right, mend the "
                "card's row in stacks/catalog/gpus.yaml, or draw the lists anew with "
                "`python make/pci.py`.",
            )
        else:
            like = [
                other
                for other, row in case.catalog.gpus.models.rows.items()
                if numbers(row.sm) == numbers(sm) and not row.soc
            ]
            case.notice(
                "GPU-CAPABILITY",
                f"The host data call a GPU {key}, and it has another compute capability.",
                f"{said} (10de:{gpu.pci_id}), and a {model.name} has {model.sm}; the plan goes by "
                "the host data.",
                Way("Name a sibling that has it, such as {how}.", Change.of(gpu_like=like[0]))
                if like
                else "Take the name out of the host data (`gpu_like`, or the model in "
                "`expected_gpus`): then the plan goes by the driver.",
            )
        return

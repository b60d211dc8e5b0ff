"""GPUs that are made with one processor, and so are in hosts of one architecture only."""

from __future__ import annotations

from collections.abc import Iterable

from stacks.catalog.hardware import Gpus, Superchip
from stacks.model.change import Change, Way
from stacks.model.host import Gpu
from stacks.rules.case import Card, Case, names


def of_gpus(gpus: Gpus, keys: Iterable[str | None]) -> str | None:
    """The architecture of the host that the first of these GPUs is made with; None: of any."""
    rows = (row for key in keys for row in gpus.superchips.rows.values() if key in row.models)
    return next((row.arch for row in rows), None)


def check(case: Case) -> None:
    """GPU-ARCH: a GPU that is named for this host is in hosts of another architecture only.

    A GPU that was seen on the host's bus is believed.
    """
    named = _named(case.profile.gpus + case.profile.expected_gpus)
    for row in case.catalog.gpus.superchips.rows.values():
        cards = [c for c in case.cards if c.key in row.models and c.key in named]
        if cards and row.arch != case.profile.arch:
            case.conflict(
                "GPU-ARCH",
                f"{names(cards)} is in {row.arch} hosts only, and this one is {case.profile.arch}.",
                f"{row.why[:1].upper()}{row.why[1:]}.",
                *_another(case, row, cards[0]),
                Way(
                    f"If the host has that processor, it is planned as {row.arch}: {{how}}.",
                    Change.to(arch=row.arch),
                ),
            )


def _named(gpus: Iterable[Gpu]) -> set[str | None]:
    """Keys that somebody wrote, rather than ids that the bus has."""
    return {gpu.model for gpu in gpus if gpu.pci_id is None}


def _another(case: Case, row: Superchip, card: Card) -> list[Way]:
    """The GPU of that generation that the catalogue has first, for hosts of this architecture."""
    gpus = case.catalog.gpus
    apart = {
        key for other in gpus.superchips.rows.values() for key in other.models if other != row
    } | {*row.models}
    near = [
        key
        for key, model in gpus.models.rows.items()
        if model.generation == card.model.generation and not model.soc and key not in apart
    ]
    expected = bool(case.profile.expected_gpus)
    return [
        Way(
            "Name the GPU that is in this host, such as {how}.",
            Change.of(expected_gpus=(key,)) if expected else Change.to(gpus=(key,)),
        )
        for key in near[:1]
    ]

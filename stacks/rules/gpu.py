"""Which GPUs the host has, and what alone follows from them."""

from __future__ import annotations

import re
from dataclasses import replace

from stacks.catalog.hardware import GpuModel, module_flavours
from stacks.catalog.pci import plain_name
from stacks.model.change import Change, Way
from stacks.model.host import Gpu
from stacks.rules import capability
from stacks.rules.case import Card, Case, names, numbers


def identify(case: Case) -> None:
    """Find the host's GPUs in the catalogue.

    Adds NO-GPU where there is none and none is expected. GPUs that are only expected count as if
    they were there. A card that the catalogue does not know is taken for what host data call it
    (``gpu_like``); else for one of its age, with the notice GPU-UNKNOWN, and with the compute
    capability that its driver tells.
    """
    gpus = case.profile.gpus + case.profile.expected_gpus
    if not gpus:
        case.conflict(
            "NO-GPU",
            "There is no NVIDIA GPU in this host.",
            "Nothing on the PCI bus has NVIDIA's vendor id 10de, and the host data expect no GPU.",
            Way(
                "If the GPU is attached later (an image that is baked before), say which: {how}.",
                Change.of(expected_gpus=("h100",)),
            ),
            "If a GPU should be there, look at `lspci -nn -d 10de:` and at the machine's settings.",
        )
        return
    found: dict[str, list[Gpu]] = {}
    unknown: dict[str, list[Gpu]] = {}
    for gpu in gpus:
        key = _key(case, gpu)
        group = found if key in case.catalog.known.models else unknown
        group.setdefault(key or gpu.pci_id or "", []).append(gpu)
    case.cards = tuple(_card(case, key, len(same)) for key, same in found.items())
    case.cards += tuple(_unknown(case, word, same) for word, same in unknown.items())
    for key, same in found.items():
        capability.compare(case, key, same)
    if not case.profile.gpus:
        case.notice(
            "GPU-EXPECTED",
            f"Planned for {names(case.cards)}, which is not in the host yet.",
            "The host data expect it; no GPU is on the PCI bus.",
            "Run the same deploy again when the GPU is attached: it checks and proves.",
        )


def _card(case: Case, key: str, count: int) -> Card:
    known = case.catalog.known
    model = known.models[key]
    generation = case.catalog.gpus.generations.rows[model.generation]
    name = case.profile.gpu_names.get(key, "")
    model = replace(model, name=name) if name else model
    first = known.first_branches.get(key)
    return Card(key, model, generation, count, first, called=plain_name(name))


def _unknown(case: Case, word: str, gpus: list[Gpu]) -> Card:
    """The card as one of its age; adds GPU-UNKNOWN."""
    known = case.catalog.known
    is_id = re.fullmatch(r"[0-9a-f]{4}", word) is not None
    key = known.generation_beside(word) if is_id else known.generation_beside("ffff")
    generation = case.catalog.gpus.generations.rows[key]
    name = f"unknown GPU 10de:{word}" if is_id else f'unknown GPU "{word}"'
    flavour = "open" if "open" in generation.flavours else "proprietary"
    sm = capability.told(case, gpus)
    case.notice(
        "GPU-UNKNOWN",
        f"The catalogue does not know the {name}; it is taken for one of the generation "
        f"{generation.name}.",
        f"Its PCI id lies among those of {generation.name}. So the plan takes the newest branch "
        f"that is maintained, with the {flavour} kernel module. "
        + capability.open_or_told(case, sm),
        Way(
            "If it is a sibling of a known GPU, name that one, such as {how}. If newer "
            "lists have it (`update-pciids`; `lspci -nn -d 10de:`), draw them anew with "
            "`python make/pci.py`.",
            Change.of(gpu_like="rtx3090"),
        ),
    )
    model = GpuModel(name=name, generation=key, sm=sm)
    return Card(word, model, generation, len(gpus), None, is_known=False)


def named(case: Case) -> tuple[Gpu, ...]:
    """The host's GPUs, or those that it expects, each with its key of the catalogue."""
    gpus = case.profile.gpus or case.profile.expected_gpus
    return tuple(replace(gpu, model=_key(case, gpu)) for gpu in gpus)


def _key(case: Case, gpu: Gpu) -> str:
    known = case.catalog.known
    key = gpu.model or known.pci.get((gpu.pci_id or "").lower(), "")
    return key if key in known.models else case.profile.gpu_like or key


_ALONE = Change.of(without=("cuda",))


def check_flavours(case: Case) -> None:
    """FLAVOUR-MIXED: one card takes only the open module, another only the proprietary one."""
    needs_open = [card for card in case.cards if "proprietary" not in _flavours(card)]
    needs_closed = [card for card in case.cards if "open" not in _flavours(card)]
    if needs_open and needs_closed:
        case.conflict(
            "FLAVOUR-MIXED",
            f"{names(needs_open)} and {names(needs_closed)} cannot work in one host.",
            f"{names(needs_open)} needs the open kernel module, {names(needs_closed)} the "
            "proprietary one, and a host loads one nvidia module for all its GPUs.",
            Way(
                "Put the two kinds of GPU into different hosts; what one of them gets: {how}.",
                Change.to(gpus=tuple(card.word for card in needs_open)),
            ),
            "Give one kind away to a virtual machine (vfio-pci): each machine loads its own "
            "module.",
        )


def check_board(case: Case) -> None:
    """GPU-JETSON: the GPU is part of a Jetson, and no Jetson Linux is named."""
    boards = [card for card in case.cards if card.model.soc]
    if boards:
        case.conflict(
            "GPU-JETSON",
            f"{names(boards)} is part of a Jetson, and this host is not known as one.",
            "A Jetson's driver belongs to Jetson Linux; what fits depends on its release, which "
            "`cat /etc/nv_tegra_release` shows.",
            Way("Name the release, such as {how}.", Change.to(**_jetson(case, boards[0]))),
            "Name the GPU that is really there: `lspci -nn -d 10de:`.",
        )


def _jetson(case: Case, board: Card) -> dict[str, str]:
    """The newest Jetson Linux of a board's chip that is not too old for every stack."""
    lines = case.catalog.jetson.lines
    able = {key for key, line in lines.items() if board.model.soc in line.socs and not line.ended}
    known = [l4t for l4t in case.catalog.jetson.releases if l4t.split(".")[0] in able]
    return {"arch": "aarch64", "jetson_l4t": known[-1]}


def check_cuda118(case: Case) -> None:
    """GPU-118-BLACKWELL and GPU-118-OLD: the system toolkit knows nothing of this GPU."""
    request = case.stack.cuda
    if request is None or request.version not in case.catalog.cuda.toolkits.rows:
        return
    toolkit = case.catalog.cuda.toolkits.rows[request.version]
    newest, oldest = numbers(toolkit.sm[-1]), numbers(toolkit.sm[0])
    before = [c for c in case.cards if c.model.sm and numbers(c.model.sm) < oldest]
    if before:
        case.conflict(
            "GPU-118-OLD",
            f"CUDA {request.version} cannot compile for {names(before)}.",
            f"nvcc {request.version} begins at sm_{toolkit.sm[0].replace('.', '')}."
            + capability.stays(before),
            Way("Leave the system toolkit out: {how}.", Change.of(without=("cuda",))),
            "Use a newer GPU.",
        )
    beyond = [c for c in case.cards if c.model.sm and numbers(c.model.sm) > newest]
    if not beyond:
        return
    first, last = capability.generation(case, beyond[0]), _generation(case, toolkit.sm[-1])
    needs = f" {first.name} needs CUDA {first.first_cuda} or later." if first else ""
    see = "pyinfra INVENTORY deploys/plan.py"  # no command says what its driver tells
    if all(card.is_known for card in case.cards):
        see = case.command(*_ALONE.options.split())
    alone = "Take PyTorch alone; its wheel brings a CUDA that knows this GPU"
    ways: list[str | Way] = [
        Way(
            f"{alone if first else 'Leave the system toolkit out'}: {{how}}. See what that gives: "
            f"`{see}`.",
            _ALONE,
        )
    ]
    if first:
        ways.append(
            f"Compile with CUDA {first.first_cuda} or later in a container "
            f"({case.catalog.cuda.images.rows[first.first_cuda]}); only the driver is the host's."
        )
    case.conflict(
        "GPU-118-BLACKWELL",
        f"CUDA {request.version} cannot compile for {names(beyond)}.",
        f"nvcc {request.version} ends at sm_{toolkit.sm[-1].replace('.', '')} ({last}); for "
        "anything newer it stops with \"not defined for option 'gpu-architecture'\". cuDNN 8.9 "
        f"ends there too.{needs}{capability.stays(beyond)}",
        *ways,
        f"Run what must have CUDA {request.version} on a host with a {last} or older GPU.",
    )


def _generation(case: Case, sm: str) -> str:
    """Name of the generation that a compute capability belongs to."""
    gpus = case.catalog.gpus
    key = next(chip.generation for chip in gpus.chips.rows.values() if chip.sm == sm)
    return gpus.generations.rows[key].name


def _flavours(card: Card) -> tuple[str, ...]:
    return module_flavours(card.model, card.generation)


def flavours(case: Case) -> tuple[str, ...]:
    """Kernel module flavours that drive every card."""
    return tuple(
        flavour
        for flavour in ("open", "proprietary")
        if all(flavour in _flavours(card) for card in case.cards)
    )


def in_window(case: Case, branch: int) -> bool:
    """Whether a driver branch knows every card of the host."""
    return all(knows(card, branch) for card in case.cards)


def knows(card: Card, branch: int) -> bool:
    """Whether a driver branch knows the card: neither too old for it nor past its end."""
    first, last = card.first_branch, card.generation.last_branch
    return (first is None or int(first) <= branch) and (last is None or branch <= int(last))

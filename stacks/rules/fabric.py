"""Fabric Manager: boards whose GPUs hang on NVSwitch start CUDA only when it runs."""

from __future__ import annotations

from stacks.catalog.distributions import DriverOffer
from stacks.model.change import Change, Way
from stacks.rules.case import Case

BOARD = 8
"""GPUs of a board that always has NVSwitch. Boards of four are wired directly."""


def planned(case: Case, offer: DriverOffer) -> str:
    """The Fabric Manager's package where an NVSwitch needs it, else an empty text.

    Adds FABRIC-MANAGER where it is needed and the origin's package is not known, and where cards
    may hang on NVSwitch and nothing on the bus says so.
    """
    boards = [
        card
        for card in case.cards
        if card.model.sxm
        and sum((gpu.pci_id or "").lower() in card.model.sxm for gpu in case.profile.gpus) >= BOARD
    ]
    switched = [card for card in case.cards if card.model.nvswitch and card.count > 1]
    if any(card.model.subnet_manager for card in boards):
        case.notice(
            "FABRIC-MANAGER",
            f"Boards with {boards[0].model.name} need the NVLink subnet manager as well.",
            "Fabric Manager reaches their switches through it. It is not part of this plan; nobody "
            "of us has seen such a board.",
            "Install nvlsm from NVIDIA's repository, as the Fabric Manager user guide says.",
        )
    if case.profile.nvswitch or boards:
        seen = (
            "an NVSwitch is on the PCI bus"
            if case.profile.nvswitch
            else f"{boards[0].count} × {boards[0].model.name} as SXM modules are an NVSwitch board"
        )
        if offer.fabric_manager:
            case.reason(
                "driver",
                f"{offer.fabric_manager}, of exactly the driver's version",
                f"{seen}: without the Fabric Manager CUDA waits for ever, and one of another "
                "version does not start",
                case.catalog.codes["FABRIC-MANAGER"].source,
            )
            return offer.fabric_manager
        case.notice(
            "FABRIC-MANAGER",
            "CUDA will wait for a Fabric Manager that is not planned.",
            f"It is needed because {seen}; {offer.origin} has none of version {offer.version} for "
            f"{case.host}.",
            Way("Take the driver from NVIDIA, which has it: {how}.", _nvidias(case)),
        )
    elif switched:
        case.notice(
            "FABRIC-MANAGER",
            f"{switched[0].count} × {switched[0].model.name} may hang on NVSwitch.",
            "On such boards (HGX, DGX) CUDA starts only when Fabric Manager runs, of exactly the "
            f"driver's version ({offer.version}). No NVSwitch was seen, so it is not planned. PCIe "
            "cards need none.",
            "`lspci -nn -d 10de: | grep 0680` shows NVSwitches; nothing printed, nothing to do.",
        )
    return ""


def _nvidias(case: Case) -> Change:
    gone = {name: None for name in case.stack.said if name in ("driver_branch", "driver_version")}
    return Change({"driver_origin": "nvidia", **gone})

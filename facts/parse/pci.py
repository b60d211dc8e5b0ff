"""NVIDIA functions on the PCI bus."""

from __future__ import annotations

import shlex

from facts.model.system import PciDevice
from facts.parse.sections import Section, fields

_LONGEST = 1000
"""Characters of a line of lspci. `shlex` takes its time for longer words."""


def _hex(value: str) -> str:
    return value.strip().lower().removeprefix("0x")


def names(lines: list[str]) -> dict[str, str]:
    """Device names by address from ``lspci -Dmm`` (lspci(8), "Machine-readable output")."""
    found = {}
    for line in lines:
        if len(line) > _LONGEST:
            continue
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if len(words) >= 4:
            found[words[0]] = f"{words[2]} {words[3]}"
    return found


def pci(section: Section) -> tuple[PciDevice, ...]:
    """All of them, in the order of their addresses."""
    called = names(section.part("lspci"))
    devices = []
    for line in section.lines:
        address, device, pci_class, sub_vendor, sub_device, driver = fields(line, 6)
        devices.append(
            PciDevice(
                address=address,
                device=_hex(device),
                pci_class=_hex(pci_class),
                subsystem=f"{_hex(sub_vendor)}:{_hex(sub_device)}" if sub_vendor else None,
                driver=driver,
                name=called.get(address),
            )
        )
    return tuple(sorted(devices, key=lambda d: d.address))

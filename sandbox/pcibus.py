"""A simulated PCI bus: a folder that, bound over /sys/bus/pci/devices in a host, the real
`lspci` and every reader of sysfs take for devices.

It is a simulation and says so: each device folder holds a file `simulated`. Nothing answers
behind the addresses; a driver finds no GPU there.
"""

import functools
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError

_GPUS = Path(__file__).with_name("gpus.yaml")
_MIB = 1 << 20
_NVIDIA = 0x10DE
_GT_PER_S = {1: "2.5", 2: "5.0", 3: "8.0", 4: "16.0", 5: "32.0", 6: "64.0"}
_SIMULATED = "simulated by gpuwright's sandbox: there is no such device\n"


@dataclass(frozen=True)
class _Function:
    """One PCI function; `bars` are sizes in bytes of BAR 0, 1 and 3."""

    address: str
    vendor: int
    device: int
    pci_class: int
    revision: int = 0xA1
    bars: tuple[int, int, int] = (16 * _MIB, 0, 0)
    link: tuple[int, int] = (3, 16)
    numa_node: int = 0


def models() -> list[str]:
    """The GPU models that a host can have."""
    return sorted(_models())


def parse_gpus(words: Sequence[str]) -> tuple[str, ...]:
    """Read `["h100:8", "t4"]` as one model name per GPU; `none` stands for no GPU.

    Raises:
        SandboxError: for an unknown model or a count that is no number from 1 to 16.

    """
    found: list[str] = []
    for word in words:
        model, _, count = word.lower().partition(":")
        if model == "none":
            continue
        if model not in _models():
            raise SandboxError(
                f"Unknown GPU model {model!r}. The sandbox can show: {', '.join(models())}."
            )
        if count and not (count.isdigit() and 1 <= int(count) <= 16):
            raise SandboxError(f"{word!r}: the count after the colon is a number from 1 to 16.")
        found += [model] * int(count or 1)
    return tuple(found)


def write(folder: Path, gpus: Sequence[str]) -> None:
    """Write the bus of a small server that holds `gpus` (model names) into the empty `folder`."""
    for function in _functions(gpus):
        _write_function(folder / function.address, function)


@functools.cache
def _models() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(_GPUS.read_text())
    return loaded


def _functions(gpus: Sequence[str]) -> list[_Function]:
    # A host bridge, a display of the board and a network card, as in QEMU's q35 machine, so that
    # a reader has something to pass over (ids: pci.ids 2026.07.01).
    functions = [
        _Function("0000:00:00.0", 0x8086, 0x29C0, 0x060000, 0, (0, 0, 0), (0, 0)),
        _Function("0000:00:01.0", 0x1234, 0x1111, 0x030000, 2, (16 * _MIB, 0, 0), (0, 0)),
        _Function("0000:00:02.0", 0x1AF4, 0x1041, 0x020000, 1, (1 * _MIB, 0, 0), (0, 0)),
    ]
    half = (len(gpus) + 1) // 2
    bus = 0x17
    for index, model in enumerate(gpus):
        about = _models()[model]
        node = 0 if index < half else 1
        aperture = 1 << (about["memory_gib"] * 1024 - 1).bit_length()
        functions.append(
            _Function(
                f"0000:{bus:02x}:00.0",
                _NVIDIA,
                int(about["device"], 16),
                int(about["class"], 16) << 8,
                bars=(16 * _MIB, aperture * _MIB, 32 * _MIB),
                link=tuple(about["link"]),
                numa_node=node,
            )
        )
        if companion := about.get("companion"):
            functions.append(
                _Function(
                    f"0000:{bus:02x}:00.1",
                    _NVIDIA,
                    int(companion["device"], 16),
                    int(companion["class"], 16) << 8,
                    link=tuple(about["link"]),
                    numa_node=node,
                )
            )
        bus += 0x04
    for model in dict.fromkeys(gpus):
        switch = _models()[model].get("switch")
        boards = list(gpus).count(model) // switch["boards_of"] if switch else 0
        for _ in range(boards * switch["count"] if switch else 0):
            device = int(switch["device"], 16)
            functions.append(_Function(f"0000:{bus:02x}:00.0", _NVIDIA, device, 0x068000))
            bus += 1
    return functions


def _write_function(folder: Path, function: _Function) -> None:
    folder.mkdir(parents=True)
    generation, width = function.link
    speed = f"{_GT_PER_S[generation]} GT/s PCIe" if generation else "Unknown"
    subsystem = function.device
    regions = _regions(function)
    texts = {
        "vendor": f"0x{function.vendor:04x}",
        "device": f"0x{function.device:04x}",
        "class": f"0x{function.pci_class:06x}",
        "revision": f"0x{function.revision:02x}",
        "subsystem_vendor": f"0x{function.vendor:04x}",
        "subsystem_device": f"0x{subsystem:04x}",
        "irq": "0",
        "enable": "0",
        "numa_node": str(function.numa_node),
        "current_link_speed": speed,
        "max_link_speed": speed,
        "current_link_width": str(width),
        "max_link_width": str(width),
        "modalias": (
            f"pci:v{function.vendor:08X}d{function.device:08X}sv{function.vendor:08X}"
            f"sd{subsystem:08X}bc{function.pci_class >> 16:02X}"
            f"sc{function.pci_class >> 8 & 0xFF:02X}i{function.pci_class & 0xFF:02X}"
        ),
        "uevent": (
            f"PCI_CLASS={function.pci_class:X}\nPCI_ID={function.vendor:04X}:{function.device:04X}"
            f"\nPCI_SLOT_NAME={folder.name}"
        ),
        "resource": "\n".join(f"0x{a:016x} 0x{b:016x} 0x{c:016x}" for a, b, c in regions),
        "simulated": _SIMULATED.strip(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text + "\n")
    (folder / "config").write_bytes(_config_space(function))


def _regions(function: _Function) -> list[tuple[int, int, int]]:
    """(start, end, flags) of the thirteen lines of sysfs `resource`.

    Flags are the kernel's (include/linux/ioport.h): 0x200 memory, 0x2000 prefetch, 0x100000 64 bit.
    """
    bus = int(function.address.split(":")[1], 16)
    below, above = 0x80000000 + bus * 16 * _MIB, bus << 40
    lines = [(0, 0, 0)] * 13
    for bar, size in zip((0, 1, 3), function.bars, strict=True):
        if size:
            flags = 0x40200 if bar == 0 else 0x14220C
            start = below if bar == 0 else above + (0 if bar == 1 else 1 << 39)
            lines[bar] = (start, start + size - 1, flags)
    return lines


def _config_space(function: _Function) -> bytes:
    """The 256 bytes of a type 0 header (PCI Local Bus Specification 3.0, 6.1), and the PCI Express
    capability with the link's speed and width (PCI Express Base Specification, 7.5.3).
    """
    space = bytearray(256)
    generation, width = function.link
    # Command: memory and bus master; status: a capability list if there is a link.
    struct.pack_into("<HHHH", space, 0, function.vendor, function.device, 6, bool(width) << 4)
    struct.pack_into("<I", space, 8, function.pci_class << 8 | function.revision)
    regions = _regions(function)
    struct.pack_into("<I", space, 0x10, regions[0][0])
    for bar in (1, 3):
        if regions[bar][2]:
            struct.pack_into("<Q", space, 0x10 + 4 * bar, regions[bar][0] | 0xC)
    struct.pack_into("<HH", space, 0x2C, function.vendor, function.device)
    if width:
        space[0x34] = 0x78
        link = generation | width << 4
        struct.pack_into("<BBH", space, 0x78, 0x10, 0, 0x0002)
        struct.pack_into("<I", space, 0x78 + 0x0C, link)
        struct.pack_into("<H", space, 0x78 + 0x12, link)
    return bytes(space)

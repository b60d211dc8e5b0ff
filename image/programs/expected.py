"""Whether a GPU of NVIDIA's is in this machine, whatever its driver says."""

from __future__ import annotations

from pathlib import Path

NVIDIA = "0x10de"
"""The vendor's number on the PCI bus."""
DISPLAY = "0x03"
"""Beginning of the class of display controllers: 0300 VGA, 0302 3D (pci.ids, class 03)."""


def gpu(root: Path = Path("/")) -> str:
    """Where a GPU was seen that this system should be able to use; empty: nowhere.

    A container sees the bus of a machine whose GPUs need not be given to it.
    """
    if (root / "run/systemd/container").exists():
        return ""
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        if _text(device / "vendor") == NVIDIA and _text(device / "class").startswith(DISPLAY):
            return f"on the PCI bus at {device.name}"
    if "nvidia,tegra" in _text(root / "proc/device-tree/compatible"):
        return "of the Jetson"
    return ""


def _text(path: Path) -> str:
    try:
        return path.read_bytes()[:4096].decode(errors="replace").strip("\0 \n")
    except OSError:
        return ""

"""Whether a GPU is there, on folders as the kernel shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from image.programs import expected


def device(root: Path, name: str, vendor: str, kind: str) -> None:
    folder = root / "sys/bus/pci/devices" / name
    folder.mkdir(parents=True)
    (folder / "vendor").write_text(f"{vendor}\n")
    (folder / "class").write_text(f"{kind}\n")


@pytest.mark.parametrize("kind", ["0x030000", "0x030200"])
def test_gpu_on_the_bus_is_seen(tmp_path: Path, kind: str) -> None:
    device(tmp_path, "0000:17:00.0", "0x10de", kind)
    assert expected.gpu(tmp_path) == "on the PCI bus at 0000:17:00.0"


@pytest.mark.parametrize(
    ("vendor", "kind"),
    [("0x10de", "0x068000"), ("0x10de", "0x040300"), ("0x1a03", "0x030000")],
    ids=["an NVSwitch", "a card's sound", "a server's own screen"],
)
def test_what_is_no_gpu_of_nvidia_is_not(tmp_path: Path, vendor: str, kind: str) -> None:
    device(tmp_path, "0000:17:00.0", vendor, kind)
    assert expected.gpu(tmp_path) == ""


def test_jetson_has_its_own_on_no_bus(tmp_path: Path) -> None:
    (tmp_path / "proc/device-tree").mkdir(parents=True)
    (tmp_path / "proc/device-tree/compatible").write_bytes(b"nvidia,p3768\0nvidia,tegra234\0")
    assert expected.gpu(tmp_path) == "of the Jetson"


def test_container_sees_the_bus_of_its_machine(tmp_path: Path) -> None:
    device(tmp_path, "0000:17:00.0", "0x10de", "0x030200")
    (tmp_path / "run/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/container").write_text("systemd-nspawn")
    assert expected.gpu(tmp_path) == ""

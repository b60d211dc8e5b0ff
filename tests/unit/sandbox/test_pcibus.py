"""The simulated PCI bus, read as sysfs."""

import struct
from pathlib import Path

import pytest

from sandbox import pcibus
from sandbox.checkout import SandboxError


def gpus(folder: Path) -> list[str]:
    """Device ids of NVIDIA's 3D controllers and displays below `folder`, in bus order."""
    return [
        (device / "device").read_text().strip()
        for device in sorted(folder.iterdir())
        if (device / "vendor").read_text().strip() == "0x10de"
        and (device / "class").read_text().startswith("0x03")
    ]


def test_count_and_mix() -> None:
    assert pcibus.parse_gpus(["h100:2", "t4"]) == ("h100", "h100", "t4")


def test_none_is_no_gpu() -> None:
    assert pcibus.parse_gpus(["none"]) == ()


def test_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(SandboxError, match=r"'h1000'.*h100, h100-pcie"):
        pcibus.parse_gpus(["h1000"])


@pytest.mark.parametrize("word", ["h100:0", "h100:x", "h100:17", "h100:-1"])
def test_count_out_of_range_is_refused(word: str) -> None:
    with pytest.raises(SandboxError, match="1 to 16"):
        pcibus.parse_gpus([word])


def test_mix_is_written_in_order(tmp_path: Path) -> None:
    pcibus.write(tmp_path, ("h100", "k80", "rtx4090"))
    assert gpus(tmp_path) == ["0x2330", "0x102d", "0x2684"]


def test_no_gpu_leaves_the_rest_of_the_server(tmp_path: Path) -> None:
    pcibus.write(tmp_path, ())
    assert gpus(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(("count", "switches"), [(1, 0), (7, 0), (8, 4), (16, 8)])
def test_full_baseboard_has_its_nvswitches(tmp_path: Path, count: int, switches: int) -> None:
    pcibus.write(tmp_path, ("h100",) * count)
    found = [d for d in tmp_path.iterdir() if (d / "device").read_text().strip() == "0x22a3"]
    assert len(found) == switches
    assert all((d / "class").read_text().strip() == "0x068000" for d in found)


def test_config_space_agrees_with_the_text_files(tmp_path: Path) -> None:
    pcibus.write(tmp_path, ("a100",))
    device = tmp_path / "0000:17:00.0"
    config = (device / "config").read_bytes()
    assert len(config) == 256
    vendor, model = struct.unpack_from("<HH", config)
    assert f"0x{vendor:04x}" == (device / "vendor").read_text().strip()
    assert f"0x{model:04x}" == (device / "device").read_text().strip()
    assert f"0x{config[11]:02x}{config[10]:02x}{config[9]:02x}" == (
        (device / "class").read_text().strip()
    )


def test_every_model_can_be_shown(tmp_path: Path) -> None:
    for model in pcibus.models():
        pcibus.write(tmp_path / model, (model,))
        assert len(gpus(tmp_path / model)) == 1


def test_each_device_says_that_it_is_simulated(tmp_path: Path) -> None:
    pcibus.write(tmp_path, ("t4",))
    assert all("simulated" in (d / "simulated").read_text() for d in tmp_path.iterdir())

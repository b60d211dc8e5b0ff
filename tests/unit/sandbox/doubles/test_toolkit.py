"""The container toolkit's packages, and the driver for hosts that run containers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox.doubles import golang, toolkit
from sandbox.doubles.nvidia_devices import DeviceDouble


def test_packages_hold_nvidias_programs_and_their_relations(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def built(module: str, version: str, packages: Sequence[str], linker: str) -> dict[str, Path]:
        assert (module, version) == ("github.com/NVIDIA/nvidia-container-toolkit", "v1.20.0")
        assert "internal/info.version=1.20.0" in linker
        found = {Path(package).name: tmp_path / Path(package).name for package in packages}
        for path in found.values():
            path.write_text(path.name)
        return found

    monkeypatch.setattr(golang, "programs", built)
    packages = {package.name: package for package in toolkit._packages("1.20.0")}
    base, whole = packages["nvidia-container-toolkit-base"], packages["nvidia-container-toolkit"]
    assert base.files["/usr/bin/nvidia-ctk"].source == str(tmp_path / "nvidia-ctk")
    assert "/lib/systemd/system/nvidia-cdi-refresh.service" in base.files
    assert whole.fields["Depends"] == (
        "nvidia-container-toolkit-base (= 1.20.0-1), libnvidia-container-tools (= 1.20.0-1)"
    )


def test_driver_for_containers_lists_device_files_and_brings_no_toolkit() -> None:
    state = {"releases": [{"version": "580.178.04", "revision": "1ubuntu1"}]}
    packages = {package.name: package for package in DeviceDouble("debian12")._packages(state)}
    assert not [name for name in packages if "container" in name]
    library = packages["libnvidia-ml1"].files[
        "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.178.04"
    ]
    assert '-DGW_VERSION="580.178.04"' in library.compiled
    assert "/dev/nvidia%d" in library.text
    assert (
        '-DGW_VERSION="580.178.04"' in packages["nvidia-smi"].files["/usr/bin/nvidia-smi"].compiled
    )

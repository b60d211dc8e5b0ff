"""Hosts that run container engines: what is written into them, and the toolkit's packages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sandbox import engine_host, golang, machines
from sandbox.checkout import SandboxError
from sandbox.doubles import toolkit
from sandbox.doubles.nvidia_devices import DeviceDouble
from sandbox.spec import HostSpec


def debian(folder: Path) -> Path:
    for name in ("etc/systemd/system", "usr/local/sbin", "lib/modules/6.1.0-1-cloud-amd64"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/debian_version").write_text("12.5\n")
    return folder


def test_engines_keep_their_images_outside_of_the_hosts_overlay(tmp_path: Path) -> None:
    words = engine_host.words(tmp_path)
    assert f"--bind={tmp_path}/engines/docker:/var/lib/docker" in words
    assert (tmp_path / "engines/docker").is_dir()


def test_simulated_driver_waits_for_a_module_of_the_hosts_own_kernel(tmp_path: Path) -> None:
    engine_host.write(debian(tmp_path))
    units = tmp_path / "etc/systemd/system"
    path = (units / "gpuwright-sandbox-driver.path").read_text()
    assert "PathExists=/lib/modules/6.1.0-1-cloud-amd64/updates/dkms/nvidia.ko\n" in path
    assert (units / "paths.target.wants/gpuwright-sandbox-driver.path").read_text() == path


def test_second_boot_writes_the_same(tmp_path: Path) -> None:
    engine_host.write(debian(tmp_path))
    engine_host.write(tmp_path)


def test_podman_sets_no_limit_that_the_hosts_control_groups_lack(tmp_path: Path) -> None:
    engine_host.write(debian(tmp_path))
    settings = tmp_path / "etc/containers/containers.conf.d/gpuwright-sandbox.conf"
    assert "[containers]\npids_limit = 0\n" in settings.read_text()


def test_host_of_another_family_cannot_run_engines(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="Debian's family"):
        engine_host.write(tmp_path)


def test_virtual_machine_needs_no_leave_for_engines() -> None:
    with pytest.raises(SandboxError, match="leave --engines out"):
        machines.check(HostSpec("a", vm=True, engines=True))


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


@pytest.mark.parametrize(
    ("said", "release"),
    [("go version go1.26.8 linux/amd64", (1, 26)), ("go version devel", (0, 0))],
)
def test_release_of_go_is_read_from_what_it_says(
    monkeypatch: pytest.MonkeyPatch, said: str, release: tuple[int, int]
) -> None:
    monkeypatch.setattr(golang, "run", lambda *words: said)
    assert golang._release("go") == release

"""The initramfs images that carry nouveau are rebuilt, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.driver import nouveau_files
from tests.unit.tasks.packages.test_apt import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Three kernels: with nouveau and an image, without an image, without nouveau."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "boot").mkdir()
    for kernel, has_image, has_nouveau in (("a", 1, 1), ("b", 0, 1), ("c", 1, 0)):
        modules = tmp_path / "lib/modules" / kernel / "kernel"
        modules.mkdir(parents=True)
        if has_nouveau:
            (modules / "nouveau.ko.xz").touch()
        if has_image:
            (tmp_path / f"boot/initramfs-{kernel}.img").touch()
    return Machine(tmp_path)


def script(machine: Machine) -> str:
    text = nouveau_files.images_rebuilt(*nouveau_files.DRACUT)
    for folder in ("/boot/", "/lib/modules/"):
        text = text.replace(folder, f"{machine.folder}{folder}")
    return text


def test_dracut_makes_the_image_of_the_kernel_that_has_nouveau(machine: Machine) -> None:
    machine.says("dracut")
    assert machine.run(script(machine)).returncode == 0
    calls = (machine.folder / "calls").read_text().splitlines()
    assert calls == [f"dracut --force {machine.folder}/boot/initramfs-a.img a"]


def test_dracut_that_fails_fails_the_step(machine: Machine) -> None:
    machine.says("dracut", (1, "dracut: no space left"))
    assert machine.run(script(machine)).returncode == 1

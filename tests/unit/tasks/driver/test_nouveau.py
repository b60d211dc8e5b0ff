"""The initramfs images that carry nouveau are rebuilt, and no others."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from tasks.driver import initramfs, nouveau, nouveau_files
from tests.unit.tasks import a_host
from tests.unit.tasks.packages.test_apt import Machine
from tests.unit.tasks.sent import jobs, ran


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
            (tmp_path / f"boot/initrd.img-{kernel}").touch()
    return Machine(tmp_path)


def script(machine: Machine) -> str:
    return moved(machine, nouveau_files.images_rebuilt(*nouveau_files.DRACUT))


def moved(machine: Machine, text: str) -> str:
    """A script for the files of this machine."""
    text = text.replace("/var/lib/gpuwright/jobs/nouveau", str(machine.folder))
    return re.sub(r"(?<![\w.-])/(boot|lib/modules|etc|opt)/", rf"{machine.folder}/\1/", text)


def debian(machine: Machine, state: HostState) -> str:
    """What the step sends to a Debian host."""
    return moved(machine, jobs(ran(nouveau.blacklisted, state, plan=a_host.plan()))["nouveau"])


def with_its_packages() -> HostState:
    """A finished host whose blacklist is gone: no package of the driver is to come."""
    state = a_host.done()
    ours = (nouveau_files.BLACKLIST, nouveau_files.MARK)
    kept = {path: seen for path, seen in state.managed_files.items() if path not in ours}
    return replace(state, managed_files=kept)


def test_dracut_makes_the_image_of_the_kernel_that_has_nouveau(machine: Machine) -> None:
    machine.says("dracut")
    assert machine.run(script(machine)).returncode == 0
    calls = (machine.folder / "calls").read_text().splitlines()
    assert calls == [f"dracut --force {machine.folder}/boot/initramfs-a.img a"]


def test_dracut_that_fails_fails_the_step(machine: Machine) -> None:
    machine.says("dracut", (1, "dracut: no space left"))
    assert machine.run(script(machine)).returncode == 1


def test_debian_makes_the_image_of_the_kernel_that_has_nouveau(machine: Machine) -> None:
    machine.says("update-initramfs")
    done = machine.run(debian(machine, with_its_packages()))
    assert done.returncode == 0, done.stdout
    calls = (machine.folder / "calls").read_text().splitlines()
    assert calls == ["update-initramfs -u -k a"]
    blacklist = Path(f"{machine.folder}{nouveau_files.BLACKLIST}").read_text()
    assert "blacklist nouveau" in blacklist.splitlines()


def test_update_initramfs_that_fails_leaves_no_mark_that_it_was_done(machine: Machine) -> None:
    machine.says("update-initramfs", (1, "no space left on device"))
    assert machine.run(f"set -e\n{debian(machine, with_its_packages())}").returncode != 0
    assert not Path(f"{machine.folder}{nouveau_files.MARK}").exists()


def test_image_is_put_off_until_the_driver_s_packages_want_one_too(machine: Machine) -> None:
    machine.says("update-initramfs")
    assert machine.run(debian(machine, a_host.bare())).returncode == 0
    assert not (machine.folder / "calls").exists()
    due = Path(f"{machine.folder}{initramfs.DUE}").read_text().splitlines()
    assert due == ["-u -k a"]


def test_host_whose_images_know_the_blacklist_is_left_alone() -> None:
    texts = {nouveau_files.BLACKLIST: nouveau_files.TEXT, nouveau_files.MARK: nouveau_files.mark()}
    ours = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}
    state = replace(a_host.done(), managed_files={**a_host.done().managed_files, **ours})
    assert ran(nouveau.blacklisted, state, plan=a_host.plan()).changes == []


@pytest.mark.parametrize("name", ["nouveau.ko", "nouveau.ko.xz", "nouveau.ko.zst", "nouveau.ko.gz"])
def test_module_is_found_however_it_is_packed(machine: Machine, name: str) -> None:
    machine.says("dracut")
    (machine.folder / "lib/modules/a/kernel/nouveau.ko.xz").rename(
        machine.folder / "lib/modules/a/kernel" / name
    )
    assert machine.run(script(machine)).returncode == 0
    assert len((machine.folder / "calls").read_text().splitlines()) == 1


def test_red_hat_s_image_without_a_kernel_s_modules_is_left_as_it_is(machine: Machine) -> None:
    machine.says("dracut")
    (machine.folder / "lib/modules/a/kernel/nouveau.ko.xz").unlink()
    assert machine.run(script(machine)).returncode == 0
    assert not (machine.folder / "calls").exists()

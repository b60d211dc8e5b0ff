"""Room that kernels and modules take, on the file system where they are written."""

from __future__ import annotations

from dataclasses import replace

from stacks.model.kernels import KernelPlan
from tasks.driver import room
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import KERNEL, plan


def needs(**kernels: object) -> dict[str, int]:
    """Path to MiB, of the bare host with a plan that does this with its kernels."""
    driver = replace(a_host.parts()[0], kernels=KernelPlan(**kernels))  # type: ignore[arg-type]
    found: dict[str, int] = {}
    for path, mb, _ in room.needed(a_host.bare(), replace(plan(), driver=driver), driver):
        found[path] = found.get(path, 0) + mb
    return found


def test_module_takes_room_for_headers_build_initramfs_and_temporary_files() -> None:
    assert set(needs()) == {"/usr", "/var", "/boot", "/tmp"}


def test_kernel_that_comes_takes_room_of_its_own() -> None:
    coming = needs(comes="6.1.0-99-cloud-amd64", left={KERNEL: "its headers are gone"})
    assert coming["/usr"] > needs()["/usr"]


def test_finished_host_needs_none() -> None:
    assert room.needed(a_host.done(), plan(), a_host.parts()[0]) == []

"""Version locks: our block holds the set, and all other lines stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from facts.model.packages import Package
from tasks.packages import versionlock
from tests.unit.facts import golden_hosts
from tests.unit.tasks.packages.test_apt import Machine

PACKAGES = [
    Package("nvidia-driver-cuda", "3:580.178.04-1.el9", "ii", "NVIDIA"),
    Package("cuda-nvcc-11-8", "11.8.89-1", "ii", "NVIDIA"),
]
BLOCK = [
    versionlock.BEGIN,
    "cuda-nvcc-11-8-0:11.8.89-1.*",
    "nvidia-driver-cuda-3:580.178.04-1.el9.*",
    versionlock.END,
]


@pytest.fixture
def rocky() -> HostState:
    return golden_hosts.state("rocky-9-managed-h100.txt")


def written(folder: Path, state: HostState, before: str) -> list[str]:
    """The list after the script ran twice, which must make no difference."""
    (folder / "bin").mkdir(exist_ok=True)
    machine = Machine(folder)
    machine.says("dnf")
    place = folder / "versionlock.list"
    (folder / "versionlock.conf").write_text("[main]\nenabled = 0\n")
    place.write_text(before)
    script = versionlock.script(state, PACKAGES).replace("/etc/dnf/plugins", str(folder))
    assert machine.run(script).returncode == 0
    once = place.read_text()
    assert machine.run(script).returncode == 0
    assert place.read_text() == once
    return once.splitlines()


def test_block_is_added_after_what_is_there(tmp_path: Path, rocky: HostState) -> None:
    mine = "# mine\nkernel-0:5.14.0-1.*\n"
    assert written(tmp_path, rocky, mine) == [*mine.splitlines(), *BLOCK]


def test_former_block_is_replaced(tmp_path: Path, rocky: HostState) -> None:
    before = f"a-0:1-1.*\n{versionlock.BEGIN}\nold-0:1-1.*\n{versionlock.END}\nz-0:1-1.*\n"
    assert written(tmp_path, rocky, before) == ["a-0:1-1.*", "z-0:1-1.*", *BLOCK]


def test_plugin_is_switched_on(tmp_path: Path, rocky: HostState) -> None:
    written(tmp_path, rocky, "")
    assert "enabled = 1\n" in (tmp_path / "versionlock.conf").read_text()


def test_plugin_is_installed_where_it_lacks(rocky: HostState) -> None:
    packages = {n: p for n, p in rocky.packages.items() if n != versionlock.PLUGIN}
    bare = replace(rocky, packages=packages)
    assert versionlock.PLUGIN in versionlock.script(bare, PACKAGES)
    assert versionlock.PLUGIN not in versionlock.script(rocky, PACKAGES)


def test_set_is_right_when_every_package_is_locked(rocky: HostState) -> None:
    held = [rocky.packages["nvidia-driver-cuda"]]
    assert versionlock.right(rocky, held)
    assert not versionlock.right(rocky, [*held, rocky.packages["bash"]])
    assert not versionlock.right(rocky, [])

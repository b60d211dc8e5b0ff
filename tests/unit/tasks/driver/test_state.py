"""The driver: which kernels it must serve, with which headers, and how its modules are built."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from stacks.model.kernels import KernelPlan
from stacks.model.plan import DriverPlan
from tasks.driver import findings, reboot_state
from tasks.driver import state as driver_state
from tasks.packages import apt
from tasks.steps.overlap import overlaps
from tasks.templates import render
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL, module, package, parts, plan, with_packages

OLD = "6.1.0-50-cloud-amd64"
PLANNED = parts()[0]


def with_kernel(release: str, bootable: bool = True, headers: bool = False) -> HostState:
    """The finished host with one more kernel."""
    state = a_host.done()
    one = replace(state.kernels.installed[0], release=release, bootable=bootable, headers=headers)
    return replace(state, kernels=replace(state.kernels, installed=(*state.kernels.installed, one)))


def test_finished_host_lacks_nothing() -> None:
    assert driver_state.missing_packages(a_host.done(), PLANNED) == []
    assert driver_state.unserved_kernels(a_host.done(), plan()) == []


def test_bare_host_lacks_all_packages_and_the_headers_of_its_kernel() -> None:
    missing = driver_state.missing_packages(a_host.bare(), PLANNED)
    assert set(PLANNED.packages) <= set(missing)
    assert f"headers of {KERNEL}" in missing


def test_kernel_that_came_by_an_upgrade_wants_headers_and_a_module() -> None:
    state = with_kernel(OLD)
    assert driver_state.missing_packages(state, PLANNED) == [f"headers of {OLD}"]
    assert driver_state.unserved_kernels(state, plan()) == [OLD]


def test_kernel_without_image_is_nobodys_concern() -> None:
    assert driver_state.missing_packages(with_kernel(OLD, bootable=False), PLANNED) == []


def test_module_of_another_branch_does_not_serve() -> None:
    state = a_host.done()
    other = replace(state.driver, modules=(module(KERNEL, "470.256.02"),))
    assert driver_state.unserved_kernels(replace(state, driver=other), plan()) == [KERNEL]


def machine(loaded: str = "", running: str = KERNEL, container: str | None = "") -> HostState:
    """The finished host as a machine of its own."""
    state = a_host.done()
    return replace(
        state,
        system=replace(state.system, container=container),
        kernels=replace(state.kernels, running=running),
        driver=replace(state.driver, loaded=loaded),
    )


def test_module_is_loaded_where_its_kernel_runs() -> None:
    assert driver_state.can_load(machine())


@pytest.mark.parametrize(
    "state",
    [
        machine(loaded=DRIVER),
        machine(running=OLD),
        machine(container="docker"),
        replace(machine(), pci=()),
        replace(machine(), nouveau=replace(a_host.done().nouveau, loaded=True)),
    ],
    ids=["loaded", "another kernel", "container", "no GPU", "nouveau"],
)
def test_module_is_not_loaded_where_it_cannot_be_or_is(state: HostState) -> None:
    assert not driver_state.can_load(state)


@pytest.mark.parametrize(
    ("cpus", "memory", "together"),
    [(2, 8000, True), (1, 8000, False), (2, 2000, False), (None, 8000, False), (2, None, False)],
)
def test_long_steps_overlap_where_there_is_room(
    cpus: int | None, memory: int | None, together: bool
) -> None:
    state = a_host.bare()
    state = replace(state, system=replace(state.system, cpus=cpus, memory_mb=memory))
    assert overlaps(state) is together


# ------------------------------------------------------------------------- the scripts, for real


def run(folder: Path, script: str, **stand_ins: str) -> subprocess.CompletedProcess[str]:
    """Run a job's script with stand-ins for commands, by name."""
    (folder / "bin").mkdir(exist_ok=True)
    for name, text in stand_ins.items():
        path = folder / "bin" / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def headers(folder: Path, state: HostState, apt_cache: str) -> list[str]:
    """Packages that the script asks for."""
    lacking = driver_state.kernels_without_headers(state, PLANNED)
    script = apt.kernel_headers(lacking, PLANNED.headers)
    done = run(folder, script, apt_cache=apt_cache)
    assert done.returncode == 0, done.stdout
    return (folder / "headers").read_text().split()


OFFERED = 'echo " $2 | 6.1 | http://a.example bookworm/main amd64 Packages"'


def test_headers_come_for_each_kernel_and_for_those_to_come(tmp_path: Path) -> None:
    assert headers(tmp_path, a_host.bare(), OFFERED) == [
        *PLANNED.headers,
        f"linux-headers-{KERNEL}",
    ]


def test_kernel_whose_headers_are_there_or_gone_brings_none(tmp_path: Path) -> None:
    """A kernel never comes as a side effect: neither for a self-built one nor for an old one."""
    assert headers(tmp_path, a_host.done(), OFFERED) == [*PLANNED.headers]
    assert headers(tmp_path, a_host.bare(), "exit 0") == [*PLANNED.headers]


def leaving(state: HostState, **said: object) -> DriverPlan:
    """The driver's plan that does this with kernels."""
    return replace(PLANNED, kernels=KernelPlan(**said))  # type: ignore[arg-type]


def test_kernel_that_is_left_needs_nothing_and_is_told_as_a_warning() -> None:
    state = with_kernel(OLD)
    driver = leaving(state, left={OLD: "its headers are gone"})
    left = replace(plan(), driver=driver)
    assert not driver_state.due(state, driver)
    assert driver_state.unserved_kernels(state, left) == []
    (found,) = findings.left(state, left)
    assert (found.code, found.level) == ("KERNEL-LEFT", "WARN")
    assert findings.modules(state, left) == findings.installed(state, left) == []


def test_running_kernel_that_is_left_asks_for_a_reboot() -> None:
    state = with_kernel(OLD)
    state = replace(
        state,
        kernels=replace(state.kernels, running=OLD),
        system=replace(state.system, container=""),
    )
    left = replace(plan(), driver=leaving(state, left={OLD: "its headers are gone"}))
    (found,) = findings.left(state, left)
    assert (found.code, found.remedy) == ("REBOOT-NEEDED", reboot_state.REMEDY)


def test_kernel_that_comes_is_due_until_it_is_there_and_gets_a_module() -> None:
    new = "6.1.0-57-cloud-amd64"
    state = a_host.done()
    driver = leaving(state, left={KERNEL: "gone"}, comes=new, packages=("linux-image-cloud-amd64",))
    coming = replace(plan(), driver=driver)
    assert driver_state.missing_packages(state, driver) == [f"kernel {new}"]
    assert driver_state.unserved_kernels(state, coming) == [new]
    assert driver_state.missing_packages(with_kernel(new, headers=True), driver) == []


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A file system with a driver's source and two kernels, one without headers."""
    source = tmp_path / "usr/src/nvidia-current-535.309.01"
    source.mkdir(parents=True)
    conf = f'PACKAGE_NAME="nvidia-current"\nPACKAGE_VERSION="{DRIVER}"\n'
    (source / "dkms.conf").write_text(conf)
    build = tmp_path / "lib/modules" / KERNEL / "build"
    build.mkdir(parents=True)
    (build / "Makefile").touch()
    return tmp_path


def dkms(
    folder: Path, kernels: list[str], stand_in: str, version: str = "535.*"
) -> tuple[int, str]:
    """Run the build; gives its exit status and what it printed."""
    script = render("dkms.sh.j2", version=version, kernels=kernels)
    for path in ("/usr/src", "/lib/modules", "/var/lib/dkms"):
        script = script.replace(f'"{path}', f'"{folder}{path}')
        script = script.replace(f"in {path}", f"in {folder}{path}")
        script = script.replace(f"={path}", f"={folder}{path}")
    script = script.replace("/run/gpuwright", f"{folder}/run")
    done = run(folder, script, dkms=stand_in)
    return done.returncode, done.stdout


def test_module_is_built_for_the_kernel(tree: Path) -> None:
    code, _ = dkms(tree, [KERNEL], 'echo "$@" >>calls')
    calls = (tree / "calls").read_text().splitlines()
    assert code == 0
    assert calls == [
        f"add -m nvidia-current -v {DRIVER}",
        f"status -m nvidia-current -v {DRIVER} -k {KERNEL}",
        f"install -m nvidia-current -v {DRIVER} -k {KERNEL} --force",
    ]


INSTALLED = f'echo "$@" >>calls; echo "nvidia-current/{DRIVER}, {KERNEL}, x86_64: installed"'


def test_module_that_is_there_is_not_built_again(tree: Path) -> None:
    file = tree / "lib/modules" / KERNEL / "updates/dkms/nvidia-current.ko"
    file.parent.mkdir(parents=True)
    file.write_text("ELF")
    assert dkms(tree, [KERNEL], INSTALLED)[0] == 0
    assert "install -m" not in (tree / "calls").read_text()


@pytest.mark.parametrize("left", [None, ""], ids=["no file", "empty file"])
def test_module_that_only_dkms_believes_in_is_installed_again(tree: Path, left: str | None) -> None:
    if left is not None:
        file = tree / "lib/modules" / KERNEL / "updates/dkms/nvidia-current.ko"
        file.parent.mkdir(parents=True)
        file.write_text(left)
    assert dkms(tree, [KERNEL], INSTALLED)[0] == 0
    assert "install -m" in (tree / "calls").read_text()


def test_kernel_without_headers_is_named_and_does_not_stop_the_others(tree: Path) -> None:
    code, said = dkms(tree, [OLD, KERNEL], 'echo "$@" >>calls')
    assert code == 0
    assert f"no headers for {OLD}" in said
    assert f"-k {KERNEL} --force" in (tree / "calls").read_text()


def test_build_that_fails_shows_the_compilers_words(tree: Path) -> None:
    log = tree / "var/lib/dkms/nvidia-current" / DRIVER / "build/make.log"
    log.parent.mkdir(parents=True)
    log.write_text("error: implicit declaration of function 'follow_pfn'\n")
    code, said = dkms(tree, [KERNEL], '[ "$1" != install ]')
    assert code == 1
    assert f"DKMS could not build nvidia-current {DRIVER} for {KERNEL}" in said
    assert "follow_pfn" in said


def test_source_of_another_branch_is_left_alone(tree: Path) -> None:
    code, _ = dkms(tree, [KERNEL], 'echo "$@" >>calls', version="580.*")
    assert code == 0
    assert not (tree / "calls").exists()


def test_half_installed_package_is_installed_again() -> None:
    state = with_packages(a_host.done(), package("nvidia-smi", status="iU"))
    assert driver_state.missing_packages(state, PLANNED) == ["nvidia-smi"]

"""The driver's packages as one set: what comes, what goes, and what a cut-off move leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.plan import DriverPlan
from tasks.driver import fabric_state, package_set
from tasks.driver import state as driver_state
from tasks.host.profile import profile_of
from tasks.packages.installed import lacking, upstream
from tasks.verify import comparison
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import KERNEL, library, module, plan, with_packages

NEW = replace(
    a_host.parts()[0],
    branch="580",
    version="580.178.04",
    origin="nvidia",
    packages=("nvidia-dkms-580", "nvidia-utils-580"),
    held=("nvidia-*", "libnvidia-*"),
    headers=(),
    pinning=("nvidia-driver-pinning-580",),
    versions={"nvidia-dkms-580": "580.178.04-*", "nvidia-utils-580": "580.178.04-*"},
    replaces="535 from nvidia",
)


def nvidia(name: str, version: str, status: str = "ii", origin: str | None = "NVIDIA") -> Package:
    return Package(name, version, status, origin)


def host(*packages: Package) -> HostState:
    return with_packages(a_host.bare(), *packages)


OLD = (
    nvidia("nvidia-dkms-535", "535.309.01-0ubuntu1"),
    nvidia("libnvidia-compute-535", "535.309.01-0ubuntu1"),
    nvidia("nvidia-driver-pinning-535", "535-1"),
)


def test_whole_old_set_goes_and_nothing_that_only_sounds_like_it() -> None:
    state = host(
        *OLD,
        nvidia("nvidia-utils-580", "580.178.04-1ubuntu1"),
        nvidia("nvidia-container-toolkit", "1.19.1-1"),
        nvidia("hello", "535.1"),
    )
    assert package_set.old_set(state, NEW) == sorted(p.name for p in OLD)


def test_nothing_goes_that_nobody_asked_for() -> None:
    assert package_set.old_set(host(*OLD), replace(NEW, replaces="")) == []


def test_move_between_archives_of_one_branch_takes_only_the_other_archives() -> None:
    same = replace(NEW, replaces="580 from ubuntu")
    state = host(
        nvidia("libnvidia-compute-580-server", "580.178.04-0ubuntu0.22.04.1", origin="Ubuntu"),
        nvidia("linux-modules-nvidia-580-server-generic", "5.15.0-160.170", origin="Ubuntu"),
        nvidia("libnvidia-compute-580", "580.178.04-1ubuntu1"),
    )
    assert package_set.old_set(state, same) == [
        "libnvidia-compute-580-server",
        "linux-modules-nvidia-580-server-generic",
    ]


def moving() -> HostState:
    """A host whose move from 535 was cut off, when the new libraries were there already."""
    state = host(*OLD[:1], nvidia("nvidia-utils-580", "580.178.04-1ubuntu1"))
    return replace(state, managed_files={package_set.mark("535 from nvidia"): "0"})


def test_old_set_whose_archive_no_longer_has_its_version_goes_too() -> None:
    same = replace(NEW, origin="ubuntu", replaces="580 from nvidia", packages=("nvidia-u-580-srv",))
    state = host(
        nvidia("libnvidia-compute-580", "580.178.04-1ubuntu1", origin=None),
        nvidia("nvidia-fabricmanager", "580.178.04-1", origin=None),
        nvidia("libnvidia-compute-580-srv", "580.178.04-0ubuntu0.22.04.1", origin="Ubuntu"),
    )
    assert package_set.old_set(state, same) == ["libnvidia-compute-580", "nvidia-fabricmanager"]


def test_cut_off_move_is_gone_on_with_by_a_plan_that_knows_of_none() -> None:
    later = replace(NEW, replaces="")
    assert package_set.old_set(moving(), later) == ["nvidia-dkms-535"]
    assert driver_state.due(moving(), later)


def test_host_in_the_middle_of_a_move_is_known_by_the_driver_that_goes() -> None:
    there = profile_of(moving()).driver
    assert there is not None
    assert (there.version, there.origin) == ("535", "nvidia")


def test_settings_of_packages_that_are_gone_already_are_taken_away_too() -> None:
    state = replace(moving(), packages={"old": nvidia("nvidia-kernel-common-535", "535.1", "rc")})
    assert package_set.traces(state, NEW) == ["nvidia-kernel-common-535"]


def test_pin_of_another_branch_goes_even_without_a_move() -> None:
    state = host(nvidia("nvidia-driver-pinning-580.159.04", "580.159.04-1ubuntu1"))
    assert package_set.old_pinning(state, NEW) == ["nvidia-driver-pinning-580.159.04"]


def test_package_of_another_version_than_planned_is_missing() -> None:
    state = host(
        nvidia("nvidia-dkms-580", "580.178.04-1ubuntu1"),
        nvidia("nvidia-utils-580", "580.159.04-1ubuntu1"),
    )
    assert lacking(state, NEW.packages, NEW.versions) == ["nvidia-utils-580"]


def test_part_that_nothing_pulls_along_is_known_by_its_version() -> None:
    state = host(
        nvidia("nvidia-utils-580", "580.178.04-1ubuntu1"),
        nvidia("libnvidia-cfg1-580", "580.159.04-1ubuntu1"),
        nvidia("nvidia-driver-pinning-580.159.04", "580.159.04-1ubuntu1"),
        nvidia("nvidia-container-toolkit", "1.20.0-1"),
        nvidia("libnvidia-fbc1-580", "580.159.04-1ubuntu1", status="rc"),
        *OLD,
    )
    assert package_set.of_another_version(state, NEW) == ["libnvidia-cfg1-580"]
    assert package_set.of_another_version(state, replace(NEW, versions={})) == []


def test_epoch_does_not_count_as_another_version() -> None:
    state = host(nvidia("nvidia-dkms-580", "3:580.178.04-1.el9"))
    assert lacking(state, ("nvidia-dkms-580",), NEW.versions) == []


@pytest.mark.parametrize(
    ("version", "expected"),
    [("535.309.01-1~deb12u1", "535.309.01"), ("3:580.178.04-1.el9", "580.178.04"), ("580-1", "580")]
    + [("8.9.7.29-1+cuda11.8", "8.9.7.29")],
)
def test_makers_part_of_a_version(version: str, expected: str) -> None:
    assert upstream(version) == expected


@pytest.mark.parametrize(
    ("plan", "path", "version", "serves"),
    [
        (NEW, "updates/dkms/nvidia.ko", "580.178.04", True),
        (NEW, "updates/dkms/nvidia.ko", "580.159.04", False),
        (NEW, "kernel/nvidia-580srv/nvidia.ko", "580.178.04", False),
        (replace(NEW, modules="precompiled"), "kernel/nvidia-580srv/nvidia.ko", "580.178.04", True),
        (replace(NEW, versions={}), "updates/dkms/nvidia.ko", "580.159.04", True),
    ],
)
def test_module_serves_by_version_and_by_kind(
    plan: DriverPlan, path: str, version: str, serves: bool
) -> None:
    one = replace(module(KERNEL, version), path=f"/lib/modules/{KERNEL}/{path}")
    assert package_set.serves(one, plan) is serves


def test_planned_version_is_pinned_for_the_whole_set_in_one_record() -> None:
    assert package_set.pins(NEW) == (("nvidia-* libnvidia-*", "580.178.04-*"),)
    assert package_set.pins(replace(NEW, versions={})) == ()


def after_move(loaded: str, container: str = "", on_disk: str = "580.178.04") -> HostState:
    """A finished host whose kernel runs, with one driver loaded and another on the disk."""
    state = a_host.done()
    return replace(
        state,
        system=replace(state.system, container=container),
        kernels=replace(state.kernels, running=KERNEL),
        driver=replace(
            state.driver,
            loaded=loaded,
            modules=(module(KERNEL, on_disk),),
            libraries=(library("libnvidia-ml.so.1", "580.178.04"),),
        ),
    )


def test_module_is_reloaded_where_another_one_is_ready() -> None:
    assert driver_state.reload_would_do(after_move("535.309.01"))
    assert not driver_state.reload_would_do(after_move("580.178.04"))
    assert not driver_state.reload_would_do(after_move(""))
    assert not driver_state.reload_would_do(after_move("535.309.01", container="docker"))


def test_reload_is_foreseen_before_the_driver_is_changed() -> None:
    before = after_move("535.309.01", on_disk="535.309.01")
    assert not driver_state.reload_would_do(before)
    assert driver_state.reload_will_do(before, NEW)


def test_driver_that_waits_for_a_reboot_is_a_warning_and_half_a_driver_is_not() -> None:
    waits = {f.code: f.level for f in comparison.compare(after_move("535.309.01"), plan())}
    assert waits["REBOOT-NEEDED"] == "WARN"
    half = after_move("535.309.01", on_disk="535.309.01")
    assert "D14" in {f.code for f in comparison.compare(half, plan())}


def test_fabric_manager_of_another_version_is_a_finding() -> None:
    package = Package("nvidia-fabricmanager-535", "535.288.01-1", "ii", "NVIDIA")
    state = with_packages(a_host.done(), package)
    wanted = replace(plan(), driver=replace(plan().driver, fabric_manager=package.name))  # type: ignore[type-var]
    assert fabric_state.version(state, wanted) == "535.288.01"
    (found,) = (f for f in comparison.compare(state, wanted) if f.code == "FM-VERSION")
    assert "535.288.01, driver 535.309.01" in found.observed

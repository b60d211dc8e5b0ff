"""The parts of a plan: all of them on a bare host, nothing left of any on a finished one."""

from __future__ import annotations

from dataclasses import replace

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.verify.parts import Part, parts
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, plan, with_packages


def named(state: HostState, of: Plan | None = None) -> dict[str, Part]:
    """Each part by its name."""
    return {part.name: part for part in parts(state, of or plan())}


def test_parts_come_in_the_order_in_which_a_run_brings_them() -> None:
    assert list(named(a_host.bare())) == ["driver", "holds", "CUDA", "cuDNN", "torch"]


def test_part_that_is_not_planned_is_none() -> None:
    assert set(named(a_host.bare(), replace(plan(), cuda=None, torch=None))) == {
        "driver",
        "holds",
        "cuDNN",
    }


def test_bare_host_lacks_every_part_and_each_needs_room() -> None:
    for name in ("driver", "CUDA", "cuDNN", "torch"):
        part = named(a_host.bare())[name]
        assert (bool(part.to_come), bool(part.room), bool(part.findings)) == (True, True, True)


def test_finished_host_lacks_nothing_of_any_part() -> None:
    for part in named(a_host.done()).values():
        assert (part.to_come, part.room, part.findings) == ((), (), ()), part.name
        assert not part.asks_repository


def test_driver_of_another_version_comes_again_and_has_its_room_already() -> None:
    driver = plan().driver
    assert driver is not None
    exact = replace(driver, versions=dict.fromkeys(driver.packages, "999.1-1"))
    state = with_packages(a_host.done(), *(package(name) for name in driver.packages))
    part = named(state, replace(plan(), driver=exact))["driver"]
    assert part.to_come
    assert part.asks_repository
    assert part.room == ()


def test_environment_comes_from_package_indexes_and_asks_no_repository() -> None:
    torch = named(replace(a_host.done(), venvs=()))["torch"]
    assert (bool(torch.to_come), torch.asks_repository) == (True, False)

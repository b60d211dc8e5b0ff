"""Two hosts side by side."""

from __future__ import annotations

from dataclasses import replace

from facts.model.packages import DnfRepository
from facts.model.system import Unit
from tasks.host import likeness, resolution
from tasks.host.components import components
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.a_handmade_host import with_cuda, with_driver

CATALOG = resolution.catalog()
ONE = with_driver("535.309.01", "Debian")


def rows(state: object) -> dict[str, str]:
    """The rows of this host."""
    assert isinstance(state, type(ONE))
    return likeness.rows(state, components(state, CATALOG))


def test_host_is_like_itself() -> None:
    summary, table = likeness.told("gpu2", rows(ONE), "gpu1", rows(ONE))
    assert summary == f"gpu2 is like gpu1 in all of {len(rows(ONE))} components" and table == []


def test_differences_stand_in_one_line_and_in_a_table() -> None:
    other = with_cuda(with_driver("580.159.04", "NVIDIA", "open"), "12.4")
    summary, table = likeness.told("gpu2", rows(other), "gpu1", rows(ONE))
    assert summary.startswith("gpu2 differs from gpu1 in 3 of ")
    assert summary.endswith(": driver, driver loaded, CUDA")
    assert table[0].split() == ["gpu2", "gpu1"]
    assert "580.159.04 open from nvidia" in table[1]
    assert table[1].endswith("535.309.01 proprietary from debian")
    assert table[3].split()[-1] == "none"


def test_no_cell_has_more_than_a_screen_nor_what_a_terminal_obeys() -> None:
    manager = replace(ONE.package_manager, holds=("x" * 10_000, "a\x1b[2J\nb"))
    cell = rows(replace(ONE, package_manager=manager))["holds"]
    assert len(cell) == likeness.MOST and cell.isprintable()


def test_kernel_policy_is_hold_where_no_new_kernel_can_come() -> None:
    meta, one = (
        a_host.package(name, "6.1.0-1")
        for name in ("linux-image-amd64", "linux-image-6.1.0-56-amd64")
    )
    state = replace(a_host.bare(), packages={p.name: p for p in (meta, one)})

    def held(*names: str) -> str:
        return likeness.kernel_policy(
            replace(state, package_manager=replace(state.package_manager, holds=names))
        )

    assert held() != "hold" and held("linux-image-6.1.0-56-amd64") != "hold"
    assert held("linux-image-amd64") == "hold"
    assert likeness.kernel_policy(replace(state, packages={})) != "hold"


def test_persistence_is_the_unit_s_state() -> None:
    unit = Unit("nvidia-persistenced.service", "active", "enabled")
    assert likeness.persistence(replace(ONE, units={unit.name: unit})) == "active, enabled"
    absent = replace(unit, active="inactive", enabled="not-found")
    assert likeness.persistence(replace(ONE, units={unit.name: absent})) == "none"
    assert likeness.persistence(replace(ONE, units={}, unread={"units": "x"})) == "unknown"


def test_sources_that_are_switched_off_do_not_count() -> None:
    off = DnfRepository("/etc/yum.repos.d/x.repo", "x", ("https://mirror.example.org/x",), False)
    manager = replace(
        ONE.package_manager, sources=(), repositories=(off, replace(off, enabled=True))
    )
    assert likeness.sources(replace(ONE, package_manager=manager)) == {
        "https://mirror.example.org/x"
    }

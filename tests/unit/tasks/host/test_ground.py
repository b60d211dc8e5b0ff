"""What a run stands on: /tmp, file systems, the clock, names; each named before the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from facts.model.packages import Release
from facts.model.settings import HostSettings, SettingLine
from facts.model.system import Mount
from stacks.model.messages import Conflict
from tasks.host import ground
from tasks.hostdata.network import NetworkSettings
from tests.unit.tasks import a_host

NOW = 1_790_000_000.0
DAY = 86_400


def conflicts(state: HostState, **network: Any) -> dict[str, Conflict]:
    """Conflicts by code."""
    return {c.code: c for c in ground.conflicts(state, a_host.plan(), NetworkSettings(**network))}


def with_system(state: HostState | None = None, **changes: Any) -> HostState:
    state = state or a_host.bare()
    return replace(state, system=replace(state.system, **changes))


def test_bare_host_has_all_of_it() -> None:
    assert conflicts(a_host.bare()) == {}
    modes = {"/tmp": 0o1777, "/var/tmp": 0o41777}
    assert conflicts(replace(a_host.bare(), modes=modes)) == {}


@pytest.mark.parametrize("path", ["/tmp", "/var/tmp"])
def test_read_only_tmp_is_named_with_its_remedy(path: str) -> None:
    found = conflicts(replace(a_host.bare(), unwritable=(path,)))["TMP-UNUSABLE"]
    assert path in found.what and "read-only" in found.why
    assert "remount,rw" in found.remedies[0]


@pytest.mark.parametrize("mode", [0o755, 0o700, 0o777, 0o1770])
def test_tmp_that_not_everybody_may_use_safely_is_named(mode: int) -> None:
    found = conflicts(replace(a_host.bare(), modes={"/tmp": mode}))["TMP-UNUSABLE"]
    assert f"{mode:o}" in found.why
    assert found.remedies == ("chmod 1777 /tmp",)


@pytest.mark.parametrize(
    ("mount", "words"),
    [
        (Mount("/tmp", "tmpfs", 3, 512, 9999), "3 MiB are free there on tmpfs"),
        (Mount("/tmp", "tmpfs", 400, 512, 7), "7 files more"),
    ],
)
def test_full_tmp_is_named(mount: Mount, words: str) -> None:
    state = a_host.bare()
    state = replace(state, mounts={**state.mounts, "/tmp": mount})
    assert words in conflicts(state)["TMP-UNUSABLE"].why


def test_file_system_that_counts_no_inodes_is_not_full() -> None:
    state = a_host.bare()
    mount = Mount("/tmp", "btrfs", 400, 512, None)
    assert conflicts(replace(state, mounts={**state.mounts, "/tmp": mount})) == {}


def test_read_only_folders_are_named_together() -> None:
    found = conflicts(replace(a_host.bare(), unwritable=("/", "/usr", "/opt")))["FS-READ-ONLY"]
    assert "/usr and /opt" in found.what


def test_finished_host_may_have_its_system_read_only() -> None:
    assert conflicts(replace(a_host.done(), unwritable=("/usr", "/boot"))) == {}


def test_what_a_login_without_root_cannot_write_says_nothing() -> None:
    state = a_host.bare()
    state = replace(state, login=replace(state.login, root=False), unwritable=("/tmp", "/usr"))
    assert conflicts(state) == {}


@pytest.mark.parametrize("off", [0, 3600, -DAY + 1, DAY - 1])
def test_clock_within_a_day_is_right(off: int) -> None:
    assert conflicts(replace(with_system(clock_s=int(NOW) + off), asked_s=NOW)) == {}


@pytest.mark.parametrize("clock", [0, 883_612_800, int(NOW) + 8 * 365 * DAY, 10**17])
def test_clock_that_is_wrong_by_years_is_told_with_both_values(clock: int) -> None:
    found = conflicts(replace(with_system(clock_s=clock), asked_s=NOW))["CLOCK-WRONG"]
    assert found.what == "the host's clock is wrong"
    assert "2026-09-21" in found.why
    assert "timedatectl" in found.remedies[0]


def test_newest_index_tells_which_of_the_two_is_wrong() -> None:
    state = replace(with_system(clock_s=int(NOW)), asked_s=NOW - 400 * DAY)
    releases = {"x": Release(date=int(NOW) - 2 * DAY), "y": Release(date=1), "z": Release()}
    state = replace(state, package_manager=replace(state.package_manager, releases=releases))
    found = conflicts(state)["CLOCK-WRONG"]
    assert found.what == "the clock of this machine is wrong"
    assert "2026-09-19" in found.why and "this machine" in found.remedies[0]


def test_host_whose_clock_was_not_read_is_not_judged() -> None:
    assert conflicts(replace(a_host.bare(), asked_s=NOW)) == {}
    assert conflicts(with_system(clock_s=1)) == {}


APT_PROXY = HostSettings(
    apt={"Acquire::http::Proxy": "http://cache:3142"},
    apt_lines=(SettingLine("/etc/apt/apt.conf.d/01proxy", 2, "Acquire::http::Proxy …"),),
)
NAMELESS = replace(
    with_system(resolver="none"), pip_index="https://mirror.example.org/simple", others=APT_PROXY
)


def test_host_without_a_name_server_is_refused_where_only_apt_has_a_proxy() -> None:
    found = conflicts(NAMELESS)["NAME-SERVER-NONE"]
    assert "/etc/apt/apt.conf.d/01proxy:2" in found.why
    assert any("proxy: 'http" in remedy for remedy in found.remedies)


@pytest.mark.parametrize(
    "state",
    [
        replace(NAMELESS, pip_index="http://192.0.2.7:8080/simple"),
        replace(NAMELESS, pip_index="http://[2001:db8::1]/simple"),
        with_system(NAMELESS, known_names=("192.0.2.7", "mirror.example.org")),
        with_system(NAMELESS, resolver="systemd-resolved"),
        with_system(NAMELESS, resolver=None),
        replace(
            NAMELESS,
            others=HostSettings(
                environment=(SettingLine("/etc/environment", 1, "HTTPS_PROXY=http://p:1"),)
            ),
        ),
        replace(a_host.done(), system=NAMELESS.system, others=APT_PROXY),
    ],
)
def test_no_name_server_is_needed_where_nothing_is_fetched_by_name(state: HostState) -> None:
    assert "NAME-SERVER-NONE" not in conflicts(state)


def test_proxy_of_host_data_asks_for_names_itself() -> None:
    assert "NAME-SERVER-NONE" not in conflicts(NAMELESS, proxy="http://192.0.2.1:3128")


def test_folder_of_root_that_is_a_user_s_is_refused_even_where_nothing_is_to_come() -> None:
    shared = {"/opt": "it belongs to ana (uid 1000)"}
    for state in (a_host.bare(), a_host.done()):
        found = conflicts(replace(state, shared=shared))["FOLDER-SHARED"]
        assert "it belongs to ana (uid 1000)" in found.why
        assert found.remedies == ("look at it, then: chown root:root /opt && chmod go-w /opt",)


LOCKED = "kernel.modules_disabled=1 (/etc/sysctl.d/99-cis.conf)"


def test_kernel_that_loads_no_module_any_more_is_named_before_the_driver_comes() -> None:
    bare = with_system(replace(a_host.bare(), modules_locked=LOCKED), container="")
    found = conflicts(bare)["MODULES-LOCKED"]
    assert "/etc/sysctl.d/99-cis.conf" in found.why and "reboot" in found.remedies[0]


def test_kernel_that_has_loaded_the_driver_and_loads_nothing_more_is_a_way_to_live() -> None:
    done = with_system(replace(a_host.done(), modules_locked=LOCKED), container="")
    loaded = replace(done, driver=replace(done.driver, loaded="580.95.05"))
    assert "MODULES-LOCKED" not in conflicts(loaded)
    waits = replace(done, driver=replace(done.driver, loaded=""))
    assert "MODULES-LOCKED" in conflicts(waits)


def test_container_loads_no_module_itself() -> None:
    state = with_system(replace(a_host.bare(), modules_locked=LOCKED), container="docker")
    assert "MODULES-LOCKED" not in conflicts(state)

"""Settings of others in a run's way are named with file and line; harmless ones are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.settings import HostSettings, Pin, SettingLine
from stacks.model.messages import Conflict, Notice
from tasks.host import others
from tasks.hostdata.network import NetworkSettings
from tests.unit.tasks import a_host
from tests.unit.tasks.repositories.test_archive_identity import BASE, DEBIAN, SECURITY, host, read

SECURE = a_host.source("bookworm-security", "main", uris=("http://security.example.org/debian",))
DRIVER, CUDA = a_host.parts()[:2]
COMPILER = CUDA.compiler_packages[0]
LINE = SettingLine("/etc/apt/apt.conf.d/10old", 3, 'APT::Default-Release "x";')


def a_state(*pins: Pin, apt: Mapping[str, str] | None = None, known: bool = True) -> HostState:
    """The bare host with these settings of apt; its archives are known, or were never read."""
    seen = {**read(BASE, DEBIAN), **read(SECURE, SECURITY)} if known else {}
    state = host(seen, BASE, SECURE)
    return replace(state, others=HostSettings(apt=apt or {}, apt_lines=(LINE,), pins=tuple(pins)))


def conflicts(state: HostState) -> dict[str, Conflict]:
    return {c.code: c for c in others.conflicts(state, a_host.plan())}


def notices(settings: HostSettings, proxy: str = "") -> dict[str, Notice]:
    state = replace(a_host.bare(), others=settings)
    return {n.code: n for n in others.notices(state, NetworkSettings(proxy))}


def pin(packages: str, what: str, priority: int | None, line: int = 1) -> Pin:
    return Pin("/etc/apt/preferences.d/theirs", line, tuple(packages.split()), what, priority)


def test_bare_host_has_nothing_in_the_way() -> None:
    assert conflicts(a_state()) == {}
    assert notices(HostSettings()) == {}


@pytest.mark.parametrize("said", ["trixie", "testing", "stable", "sid", "a=stable", "13*", "n=sid"])
def test_default_release_of_another_release_is_refused_with_its_line(said: str) -> None:
    found = conflicts(a_state(apt={others.DEFAULT_RELEASE: said}))["APT-DEFAULT-RELEASE"]
    assert said in found.what and "/etc/apt/apt.conf.d/10old:3" in found.why
    assert "bookworm" in found.remedies[0]


@pytest.mark.parametrize(
    "said",
    ["bookworm", "oldstable", "n=bookworm", "a=oldstable", "12*", "/^bookworm(|-security)$/"],
)
def test_default_release_that_is_the_hosts_own_is_welcome(said: str) -> None:
    assert conflicts(a_state(apt={others.DEFAULT_RELEASE: said})) == {}


def test_default_release_stable_is_no_fault_where_nothing_was_read() -> None:
    assert conflicts(a_state(apt={others.DEFAULT_RELEASE: "stable"}, known=False)) == {}


@pytest.mark.parametrize(
    ("broken", "lacks"),
    [
        (pin("*", "origin x", None, 7), "Pin-Priority"),
        (pin("", "origin x", 500, 7), "Package"),
        (pin("*", "", 500, 7), "Pin"),
    ],
)
def test_preferences_that_apt_refuses_are_named_with_their_line(broken: Pin, lacks: str) -> None:
    found = conflicts(a_state(broken))["APT-PREFERENCES"]
    assert "/etc/apt/preferences.d/theirs:7" in found.why and f"no {lacks} " in found.why


@pytest.mark.parametrize(
    ("packages", "what"),
    [
        (COMPILER, "release o=Debian"),
        (COMPILER, "release *"),
        ("gcc-* g++-*", "release o=Debian,n=bookworm"),
        ("*", 'origin "archive.example.org"'),
        ("*", 'origin ""'),
        ("*", "release a=oldstable"),
        ("/^g[c+]/", "release n=bookworm*"),
        ("*", "version *"),
        ("linux-headers-*", "release o=Debian"),
        ("dkms", "release v=12.*"),
    ],
)
def test_negative_pin_over_what_the_plan_needs_is_refused_with_its_line(
    packages: str, what: str
) -> None:
    found = conflicts(a_state(pin(packages, what, -1, 4)))["APT-PIN"]
    assert "/etc/apt/preferences.d/theirs:4" in found.why and "-1" in found.why


@pytest.mark.parametrize(
    ("packages", "what", "priority"),
    [
        (COMPILER, "release o=Debian", 1),
        ("*", "release o=Ubuntu", -1),
        ("*", "release n=trixie", -10),
        ("*", 'origin "ppa.example.org"', -1),
        ("snapd firefox", "release *", -1),
        ("*", "version 5:*", -1),
        ("/(a+)+$/", "release *", -1),
        ("/[/", "release *", -1),
    ],
)
def test_pin_that_hides_nothing_of_the_plan_is_welcome(
    packages: str, what: str, priority: int
) -> None:
    assert conflicts(a_state(pin(packages, what, priority))) == {}


def test_record_for_the_very_package_lets_it_in() -> None:
    state = a_state(
        pin("*", "release o=Debian", -1),
        *(
            pin(name, "release o=Debian", 500)
            for name in (*DRIVER.headers, *CUDA.compiler_packages, "dkms")
        ),
    )
    assert conflicts(state) == {}


def test_pins_do_not_matter_on_a_finished_host() -> None:
    state = replace(a_host.done(), others=a_state(pin("*", "version *", -1)).others)
    assert conflicts(state) == {}


def test_settings_of_pip_uv_and_python_are_told_with_their_places() -> None:
    found = notices(
        HostSettings(
            pip_lines=(
                SettingLine("/etc/pip.conf", 2, "index-url"),
                SettingLine("/etc/pip.conf", 3, "no-index"),
            ),
            environment=(
                SettingLine("/etc/environment", 5, "PYTHONPATH="),
                SettingLine("/etc/profile.d/uv.sh", 1, "export UV_INDEX="),
                SettingLine("/etc/environment", 6, "http_proxy=http://p:1"),
            ),
            uv_files=("/etc/uv/uv.toml",),
        )
    )
    assert set(found) == {"PIP-SETTING", "USER-SETTING"}
    pip, user = found["PIP-SETTING"].why, found["USER-SETTING"].why
    for words in ("/etc/pip.conf:3 no-index", "/etc/profile.d/uv.sh:1 UV_INDEX", "/etc/uv/uv.toml"):
        assert words in pip and words not in user
    assert "/etc/environment:5 PYTHONPATH" in user and "PYTHONPATH" not in pip
    assert "index-url" not in pip and "proxy" not in pip


def test_line_that_sets_both_is_told_once() -> None:
    line = SettingLine("/etc/profile.d/x.sh", 2, "export UV_INDEX= PYTHONPATH=")
    found = notices(HostSettings(environment=(line,)))
    assert set(found) == {"USER-SETTING"}
    assert "/etc/profile.d/x.sh:2 UV_INDEX, PYTHONPATH" in found["USER-SETTING"].why


def test_variable_of_python_that_changes_no_module_is_no_notice() -> None:
    line = SettingLine("/etc/environment", 5, "PYTHONUNBUFFERED=")
    assert notices(HostSettings(environment=(line,))) == {}


def test_index_of_pip_alone_is_no_notice() -> None:
    assert notices(HostSettings(pip_lines=(SettingLine("/etc/pip.conf", 2, "index-url"),))) == {}


APT = HostSettings(
    apt={"Acquire::http::Proxy": "http://HIDDEN@cache:3142"},
    apt_lines=(SettingLine("/etc/apt/apt.conf.d/01proxy", 1, 'Acquire::http::Proxy "http:…";'),),
)


def test_proxy_of_apt_alone_is_told() -> None:
    found = notices(APT)
    assert list(found) == ["PROXY-APT-ONLY"]
    assert "/etc/apt/apt.conf.d/01proxy:1" in found["PROXY-APT-ONLY"].why


def test_proxy_of_all_is_nothing_to_tell() -> None:
    both = replace(APT, environment=(SettingLine("/etc/environment", 1, "https_proxy=http://p"),))
    assert notices(both) == {}


def test_direct_is_no_proxy() -> None:
    assert notices(replace(APT, apt={"Acquire::http::Proxy::deb.example.org": "DIRECT"})) == {}


def test_proxy_of_host_data_wins_and_says_over_which() -> None:
    both = replace(APT, environment=(SettingLine("/etc/dnf/dnf.conf", 9, "proxy=http://p"),))
    (notice,) = notices(both, "http://proxy:3128").values()
    assert notice.code == "PROXY-OTHER"
    assert "01proxy:1, /etc/dnf/dnf.conf:9" in notice.why

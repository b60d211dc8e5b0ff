"""Settings of others, with the file and the line where each stands."""

from __future__ import annotations

from facts.model.settings import HostSettings
from facts.parse import surroundings
from tests.unit.facts import probe_text

PREFERENCES = """\
# comment
Explanation: why
Package: nvidia-* libcuda1
Pin: release o=Debian
 ,n=trixie
Pin-Priority: -1

Package: *
Pin: origin "mirror.example.org"

Pin: version 1
Pin-Priority: 500
"""


def others(settings: str, pip: str = "") -> HostSettings:
    return probe_text.host(settings=settings, pip=pip).others


def test_records_of_preferences_are_read_with_their_lines() -> None:
    first, second, third = surroundings.pins("p", PREFERENCES.splitlines())
    assert (first.line, first.packages, first.priority) == (3, ("nvidia-*", "libcuda1"), -1)
    assert first.pin == "release o=Debian ,n=trixie"
    assert (second.place, second.priority) == ("p:8", None)
    assert third.packages == ()


def test_priority_that_is_no_number_or_zero_is_none() -> None:
    for priority in ("0", "high", "", "-0"):
        (pin,) = surroundings.pins(
            "p", ["Package: *", "Pin: origin x", f"Pin-Priority: {priority}"]
        )
        assert pin.priority is None


def test_only_files_that_apt_reads_count() -> None:
    names = ("a", "b.pref", "c.bak", "d.dpkg-old", "e~")
    parts = "".join(
        f"@/etc/apt/preferences.d/{n}\nPackage: *\nPin: origin x\nPin-Priority: 1\n" for n in names
    )
    found = others(f"{parts}@/etc/apt/preferences\nPackage: *\nPin: origin x\nPin-Priority: 2")
    assert [pin.file.rpartition("/")[2] for pin in found.pins] == ["a", "b.pref", "preferences"]


def test_environment_of_all_logins_is_read_with_file_and_line() -> None:
    found = others(
        "@environment\n/etc/environment:3:http_proxy=http://HIDDEN@proxy.example.org:3128\n"
        "/etc/profile.d/x.sh:12: export PYTHONPATH=\nno line\n@uv\n/etc/uv/uv.toml\n"
        '@apt\nAPT::Default-Release "trixie";\nAcquire::http::Proxy "http://c:3142";\nrubbish\n'
        '@apt_lines\n/etc/apt/apt.conf.d/10x:1:APT::Default-Release "trixie";'
    )
    assert [line.place for line in found.environment] == [
        "/etc/environment:3",
        "/etc/profile.d/x.sh:12",
    ]
    assert found.environment[1].text == "export PYTHONPATH="
    assert found.apt == {"APT::Default-Release": "trixie", "Acquire::http::Proxy": "http://c:3142"}
    assert found.apt_lines[0].place == "/etc/apt/apt.conf.d/10x:1"
    assert found.uv_files == ("/etc/uv/uv.toml",)


def test_lines_of_pips_configuration_are_known_by_name_and_not_by_value() -> None:
    found = others("", "@/etc/pip.conf\n[global]\nindex-url = https://u:p@x/\n# y = 1\n proxy: z")
    assert [(line.line, line.text) for line in found.pip_lines] == [(2, "index-url"), (4, "proxy")]


def test_host_that_tells_nothing_has_no_such_settings() -> None:
    assert others("") == HostSettings()

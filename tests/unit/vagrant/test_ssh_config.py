"""`vagrant ssh-config` with all that comes between its lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vagrant.ssh_config import Access, parse

# As Vagrant 2.3.4 with vagrant-libvirt 0.11.2 printed it, with another address and path.
REAL = """\
Host gpu1
  HostName 192.168.121.36
  User vagrant
  Port 22
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking no
  PasswordAuthentication no
  IdentityFile /srv/lab/vagrant/.vagrant/machines/gpu1/libvirt/private_key
  IdentitiesOnly yes
  LogLevel FATAL

"""
GPU1 = Access(
    "gpu1",
    "192.168.121.36",
    22,
    "vagrant",
    ("/srv/lab/vagrant/.vagrant/machines/gpu1/libvirt/private_key",),
    True,
    "no",
    "/dev/null",
)
NAMES = ("gpu1", "gpu2")


def read(text: str, names: tuple[str, ...] = NAMES) -> dict[str, Access]:
    return parse(text.splitlines(keepends=True), names)


def test_everything_that_vagrant_says_is_kept() -> None:
    assert read(REAL) == {"gpu1": GPU1}


def test_machines_with_or_without_an_empty_line_between() -> None:
    second = REAL.replace("gpu1", "gpu2").replace("121.36", "121.37")
    for text in (REAL + second, REAL.rstrip() + "\n" + second):
        found = read(text)
        assert [access.hostname for access in found.values()] == [
            "192.168.121.36",
            "192.168.121.37",
        ]
        assert all(access.keys for access in found.values())


NOISE = (
    "==> vagrant: A new version of Vagrant is available: 2.4.9 (installed version: 2.3.4)!",
    "[fog][WARNING] Unrecognized arguments: libvirt_ip_command",
    "/usr/lib/ruby/vendor_ruby/fog.rb:12: warning: already initialized constant URI",
    "User data was not read",
    "Port forwarding is not configured",
    "HostName of this machine cannot be found",
    "Host mismatch",
    "Host *",
    "StrictHostKeyChecking is off for this box",
    "warning",
    "=",
    "",
    "\x00\x1b[33m\x1b[0m",
    "   ",
)


@pytest.mark.parametrize("noise", NOISE)
def test_line_of_noise_changes_nothing_wherever_it_is(noise: str) -> None:
    lines = REAL.splitlines()
    for place in range(len(lines) + 1):
        text = "\n".join([*lines[:place], noise, *lines[place:]])
        assert read(text) == {"gpu1": GPU1}, text


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ('"/home/a b/.vagrant/key"', "/home/a b/.vagrant/key"),
        ("'/home/a b/key'", "/home/a b/key"),
        ("/home/a b/key", "/home/a b/key"),
        ('"C:/Users/A B/key"', "C:/Users/A B/key"),
        ('"/plain/key"', "/plain/key"),
        ('"/a"b/key', '"/a"b/key'),
        ("/o'brien/\"key", "/o'brien/\"key"),
        ("/größe/схема key", "/größe/схема key"),
    ],
)
def test_path_of_a_key_has_its_blanks_and_no_quotes(written: str, path: str) -> None:
    assert read(f"Host gpu1\n  HostName h\n  IdentityFile {written}\n")["gpu1"].keys == (path,)


def test_several_keys_stay_in_their_order_across_empty_lines() -> None:
    text = "Host gpu1\n  HostName h\n\n  IdentityFile /a\n\n  IdentityFile /b\n  IdentityFile /a\n"
    assert read(text)["gpu1"].keys == ("/a", "/b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  HostName 10.0.0.1\n  Port 22\n",
        "Host gpu1\n  Port 22\n",
        "Host gpu1\n  HostName 10.0.0.1\n  Port 0\n",
        "Host gpu1\n  HostName 10.0.0.1\n  Port 70000\n",
        "Host gpu1\n  HostName -oProxyCommand=id x\n",
        "Host gpu9\n  HostName 10.0.0.1\n",
        "Host\n  HostName 10.0.0.1\n",
    ],
)
def test_machine_without_name_address_or_port_is_none(text: str) -> None:
    assert read(text) == {}


def test_block_that_cannot_be_read_hides_no_other() -> None:
    found = read("Host gpu2\n  Port 22\n" + REAL)
    assert found == {"gpu1": GPU1}


@pytest.mark.parametrize(
    ("line", "checking"),
    [
        ("StrictHostKeyChecking no", "no"),
        ("StrictHostKeyChecking off", "no"),
        ("StrictHostKeyChecking False", "no"),
        ("stricthostkeychecking=YES", "yes"),
        ("StrictHostKeyChecking accept-new", "accept-new"),
        ("StrictHostKeyChecking perhaps", None),
        ("", None),
    ],
)
def test_what_becomes_of_unknown_host_keys(line: str, checking: str | None) -> None:
    assert read(f"Host gpu1\n  HostName h\n  {line}\n")["gpu1"].checking == checking


def test_first_value_counts_as_for_ssh() -> None:
    text = REAL.replace("Port 22\n", "Port 2222\n  Port 22\n") + REAL.replace("121.36", "121.99")
    assert read(text)["gpu1"] == Access(**{**vars(GPU1), "port": 2222})


def test_port_user_and_colours_as_a_terminal_has_them() -> None:
    text = "\x1b[0mHost gpu1\r\n\tHostName\tfe80::1%eth0\r\n  Port 2200\r\n\x1b[0m"
    found = read(text)["gpu1"]
    assert (found.hostname, found.port, found.user) == ("fe80::1%eth0", 2200, None)


def test_command_to_connect_through() -> None:
    text = "Host gpu1\n  HostName h\n  ProxyCommand {}\n"
    assert read(text.format("ssh 'lab host' -W %h:%p"))["gpu1"].proxy == "ssh 'lab host' -W %h:%p"
    assert read(text.format("none"))["gpu1"].proxy is None


def test_name_with_a_blank() -> None:
    assert [*read("Host gpu one\n  HostName h\n", ("gpu one",))] == ["gpu one"]


@given(st.lists(st.one_of(st.text(max_size=40), st.sampled_from(REAL.splitlines())), max_size=30))
def test_no_output_makes_it_fail(lines: list[str]) -> None:
    for access in parse(lines, NAMES).values():
        assert access.name in NAMES
        assert access.hostname
        assert 0 < access.port < 65536

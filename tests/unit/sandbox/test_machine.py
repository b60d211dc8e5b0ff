"""What the sandbox keeps apart on the machine: processes, addresses, names."""

import dataclasses
import ipaddress
import os
from pathlib import Path

import pytest

from sandbox import network, prepare
from sandbox.checkout import SandboxError, check_name
from sandbox.processes import Process


def test_process_id_given_to_somebody_else_is_not_ours() -> None:
    ours = Process.of(os.getpid())
    assert ours is not None
    assert ours.alive()
    assert not dataclasses.replace(ours, start=ours.start - 1).alive()


def test_process_of_an_earlier_boot_is_not_ours() -> None:
    ours = Process.of(os.getpid())
    assert ours is not None
    assert not dataclasses.replace(ours, boot="another").alive()


def test_range_avoids_what_the_machine_routes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network, "_RECORD", tmp_path / "first.json")
    monkeypatch.setattr(network, "_routes", list)
    first = ipaddress.IPv4Address(network.mirror_address())
    taken = ipaddress.IPv4Network((int(first) & ~0xFFFF, 16))
    monkeypatch.setattr(network, "_RECORD", tmp_path / "second.json")
    monkeypatch.setattr(network, "_routes", lambda: [taken])
    assert ipaddress.IPv4Address(network.mirror_address()) not in taken


def test_range_stays_once_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(network, "_RECORD", tmp_path / "network.json")
    monkeypatch.setattr(network, "_routes", list)
    first = network.mirror_address()
    monkeypatch.setattr(network, "_routes", lambda: [ipaddress.IPv4Network("10.0.0.0/8")])
    assert network.mirror_address() == first


def test_machine_without_a_free_range_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network, "_RECORD", tmp_path / "network.json")
    monkeypatch.setattr(network, "_routes", lambda: [ipaddress.IPv4Network("10.0.0.0/8")])
    with pytest.raises(SandboxError, match="No free block of addresses"):
        network.mirror_address()


def test_no_two_hosts_share_an_address(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(network, "_RECORD", tmp_path / "network.json")
    monkeypatch.setattr(network, "_routes", list)
    hosts = [network.address(index) for index in range(1, network.MOST_HOSTS + 1)]
    addresses = {network.mirror_address()}
    addresses |= {host.host for host in hosts} | {host.gateway for host in hosts}
    assert len(addresses) == 2 * network.MOST_HOSTS + 1
    assert len({int(ipaddress.IPv4Address(address)) >> 8 for address in addresses}) == 1


def test_link_name_fits_the_kernels_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(network, "_RECORD", tmp_path / "network.json")
    assert len(network.address(network.MOST_HOSTS).link) <= 15


@pytest.mark.parametrize("name", ["", "A", "1a", "-a", "a.b", "a/b", "a b", "a" * 32, "../a"])
def test_name_that_could_lead_astray_is_refused(name: str) -> None:
    with pytest.raises(SandboxError, match="cannot be a sandbox host's name"):
        check_name(name)


def test_suite_that_no_keyring_knows_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(prepare, "run", lambda *argv: asked.append(argv))
    with pytest.raises(SandboxError, match="no key of Debian trixie"):
        prepare.keyring_for("trixie", tmp_path)
    assert asked[-1][-1] == "debian-archive-keyring"


def test_known_suite_needs_no_new_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "debian-archive-trixie-stable.gpg").touch()
    monkeypatch.setattr(prepare, "run", lambda *argv: pytest.fail("nothing to run"))
    prepare.keyring_for("trixie", tmp_path)


def test_missing_commands_are_named_as_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(prepare, "_NEEDS", {"no-such-command": "its-package"})
    with pytest.raises(SandboxError, match=r"needs its-package\..*sandbox prepare"):
        prepare.check()

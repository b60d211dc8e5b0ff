"""Addresses and names of what the sandbox puts into the network."""

import ipaddress
from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.local import network


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

"""The way from a host back to the bundle: over the connection that is there, or told why not."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from paramiko import SSHException

from tasks.offline import manifest, tunnel
from tests.unit.tasks import a_host, a_host_bundle
from tests.unit.tasks.a_host_bundle import DEBS
from tests.unit.tasks.a_run import ARun


class ATransport:
    """A connection whose other side may ask for channels."""

    def __init__(self, refuses: bool = False) -> None:
        self.refuses, self.active, self.asked = refuses, True, 0
        self.accept: Callable[..., None] | None = None

    def is_active(self) -> bool:
        return self.active

    def request_port_forward(self, address: str, port: int, accept: Callable[..., None]) -> int:
        assert (address, port) == ("127.0.0.1", 0), "nobody but the host's own users may reach it"
        if self.refuses:
            raise SSHException("TCP forwarding request denied")
        self.asked, self.accept = self.asked + 1, accept
        return 40000 + self.asked


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Any:
    return ARun(a_host.bare()).host


def reached_by(host: Any, transport: ATransport) -> None:
    host.connector.client = SimpleNamespace(get_transport=lambda: transport)


def test_one_tunnel_serves_the_whole_connection_and_another_one_the_next(
    host: Any, tmp_path: Path
) -> None:
    first = ATransport()
    reached_by(host, first)
    assert tunnel.opened(host, tmp_path, {}) == "http://127.0.0.1:40001"
    assert tunnel.opened(host, tmp_path, {}) == "http://127.0.0.1:40001"
    assert first.asked == 1
    reached_by(host, second := ATransport())  # a reboot came between
    assert tunnel.opened(host, tmp_path, {}) == "http://127.0.0.1:40001"
    assert second.asked == 1


def test_file_comes_through_it(host: Any, tmp_path: Path) -> None:
    transport = ATransport()
    reached_by(host, transport)
    bundle = a_host_bundle.made(tmp_path / "bundle")
    tunnel.opened(host, bundle, manifest.read(bundle).files)
    assert transport.accept is not None
    here, there = socket.socketpair()
    transport.accept(there, ("127.0.0.1", 5), ("127.0.0.1", 40001))
    client = http.client.HTTPConnection("host")
    client.sock = here
    client.request("GET", f"/{DEBS[0].path}")
    assert client.getresponse().read() == a_host_bundle.content("curl 1.0-1")
    client.request("GET", "/manifest.json")
    assert client.getresponse().status == 404


def test_client_that_goes_away_disturbs_nobody(host: Any, tmp_path: Path) -> None:
    transport = ATransport()
    reached_by(host, transport)
    tunnel.opened(host, tmp_path, {})
    assert transport.accept is not None
    here, there = socket.socketpair()
    transport.accept(there, ("", 0), ("", 0))
    here.sendall(b"GET /x HTTP/1.1\r\n")
    here.close()
    deadline = time.monotonic() + 60
    while there.fileno() != -1 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert there.fileno() == -1, "its side is closed, too"


def test_sshd_that_forbids_it_is_told_with_both_ways_on(host: Any, tmp_path: Path) -> None:
    reached_by(host, ATransport(refuses=True))
    with pytest.raises(tunnel.TunnelError, match=r"BUNDLE-TUNNEL.*AllowTcpForwarding.*bundle_at="):
        tunnel.opened(host, tmp_path, {})


def test_host_without_ssh_is_told(host: Any, tmp_path: Path) -> None:
    with pytest.raises(tunnel.TunnelError, match=r"BUNDLE-TUNNEL.*not reached by ssh"):
        tunnel.opened(host, tmp_path, {})

"""What a job has that takes from a bundle: this machine's apt and curl read it, and nothing else.

The shell runs for real, in folders of its own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.hostdata.network import NetworkSettings
from tasks.offline import manifest, wants
from tasks.offline.serving import Handler
from tasks.offline.wants import KEY, LINKS
from tasks.steps import surroundings
from tasks.steps.surroundings import Bundle, Strangers
from tests.unit.tasks import a_host_bundle
from tests.unit.tasks.a_host_bundle import RELEASE

Done = subprocess.CompletedProcess[str]
ASK = """
apt-get update -q -o APT::Update::Error-Mode=any -o Debug::NoLocking=1 || exit 9
apt-get install -s -q --no-install-recommends nvidia-driver
curl -sS "$GPUWRIGHT_BUNDLE/wheels/torch-1.0-py3-none-any.whl" && echo
env | grep -i proxy || echo no proxy at all
apt-config dump | grep -i '^Acquire::http.*proxy' || :
"""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(surroundings, "PLACES", str(tmp_path / "places"))
    return a_host_bundle.made(tmp_path / "a bündel")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The bundle at an address of this machine's loopback, as a tunnel has it."""
    files = manifest.read(folder).files

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            Handler(connection, folder, files, print)
        connection.close()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=one, args=server.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def ran(
    tmp_path: Path, address: str, key: str, more: str = ASK
) -> subprocess.CompletedProcess[str]:
    """Run a job that takes from there; a proxy of the login leads nowhere."""
    (tmp_path / "driver").mkdir(exist_ok=True)
    text = surroundings.text(
        NetworkSettings(proxy="http://127.0.0.1:9"),
        Strangers(),
        Bundle(address, wants.index_of(RELEASE), LINKS, key),
    )
    return subprocess.run(
        ["sh", "-c", f"set -eu\ncd {tmp_path}/driver\n{text}\n{more}"],
        capture_output=True,
        text=True,
        env={**os.environ, "LC_ALL": "C.UTF-8", "https_proxy": "http://127.0.0.1:9"},
    )


def looked_at(done: Done) -> None:
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    assert "Inst nvidia-driver (535.309.01-1 gpuwright bundle:debian-12 [amd64])" in said
    assert "the file of torch" in said
    assert "127.0.0.1:9" not in said
    assert "debian.org" not in said, "no source of the host is read"


def test_bundle_at_an_address_is_read_and_nothing_else(tmp_path: Path, bundle: Path) -> None:
    with served(bundle) as address:
        looked_at(ran(tmp_path, address, (bundle / KEY).read_text()))


def test_bundle_on_the_disk_is_read_whatever_its_path_is(tmp_path: Path, bundle: Path) -> None:
    looked_at(ran(tmp_path, str(bundle), (bundle / KEY).read_text()))


def test_repository_of_another_key_is_not_taken(tmp_path: Path, bundle: Path) -> None:
    other = a_host_bundle.made(tmp_path / "other")
    done = ran(tmp_path, str(bundle), (other / KEY).read_text())
    assert done.returncode == 9
    assert "NO_PUBKEY" in done.stdout + done.stderr or "not signed" in done.stdout + done.stderr


def test_package_that_was_changed_is_not_taken(tmp_path: Path, bundle: Path) -> None:
    for file in (bundle / "pool").rglob("*.deb"):
        file.write_bytes(file.read_bytes()[::-1])
    fetch = "apt-get update -q && apt-get download -q nvidia-driver"
    done = ran(tmp_path, str(bundle), (bundle / KEY).read_text(), fetch)
    assert done.returncode == 100
    assert "Hash Sum mismatch" in done.stderr + done.stdout


def test_disk_without_a_bundle_ends_with_a_code(tmp_path: Path, bundle: Path) -> None:
    done = ran(tmp_path, str(tmp_path), (bundle / KEY).read_text())
    assert done.returncode == 1
    assert "BUNDLE-LACKS" in done.stdout


def test_what_a_job_had_goes_with_it(tmp_path: Path, bundle: Path) -> None:
    ran(tmp_path, str(bundle), (bundle / KEY).read_text(), "true")
    assert (tmp_path / "places/driver/settings").exists()
    assert [path.name for path in (tmp_path / "places").iterdir()] == ["driver"]

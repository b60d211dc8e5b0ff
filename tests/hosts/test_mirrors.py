"""Mirrors in a list: a page in place of a repository, a stranger's key, a good one.

Host, network, curl or apt's own program and apt are real; the repositories are doubles
(docs/sandbox.md), and the second one is whole but signed by another key.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox import hosts
from sandbox.doubles.nvidia import AptDouble
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab, Run

pytestmark = needs_hosts()

DEPLOY = """\
from tasks.host import plans
from tasks.repositories import vendor

plan = plans.for_this_host()
if plan is not None:
    vendor.added(plan=plan, name="Repository")
"""
FILE = "/etc/apt/sources.list.d/gpuwright-nvidia-cuda.sources"
RECORD = "/var/lib/gpuwright/state.json"
PAGE = b"<!DOCTYPE html><html><body>Checking your browser</body></html>"


@contextlib.contextmanager
def page_for_all(host: SandboxHost) -> Iterator[str]:
    """A server beside the host's mirror that answers every question 200 with a page."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, format: str, *args: object) -> None:
            pass

    address = urlsplit(host.mirror_url or "").hostname or ""
    with ThreadingHTTPServer((address, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{server.server_port}/repos"
        server.shutdown()


@dataclass(frozen=True)
class Place:
    """The host, its mirrors in host data's order, and what runs said."""

    host: SandboxHost
    folder: Path
    listed: list[str]
    data: dict[str, Any]
    runs: dict[str, Run]

    def run(self, *words: str, **more: Any) -> Run:
        """Add the repository."""
        (self.folder / "add.py").write_text(DEPLOY)
        said = runner.host_data(self.host, **{**self.data, **more})
        inventory = runner.inventory(self.folder, **{self.host.name: said})
        return Lab(self.host, inventory).pyinfra(*words, deploy=str(self.folder / "add.py"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A bare host of Debian 12, predicted, made, and made again."""
    strange = AptDouble("debian12", "mirrors-strange").reset()
    good = AptDouble("debian12", "mirrors-good").reset()
    host = hosts.up(HostSpec("mirrors", gpus=("h100",)), fresh=True)
    try:
        with page_for_all(host) as page:
            url = host.mirror_url or ""
            listed = [page, f"{url}{strange.path}", f"{url}{good.path}"]
            data = {
                "driver_origin": "nvidia",
                "without": ["torch", "cudnn"],
                "mirrors": {"nvidia": listed},
                "fingerprints": {"nvidia": [good.fingerprint]},
            }
            made = Place(host, tmp_path_factory.mktemp("mirrors"), listed, data, {})
            made.runs["dry"] = made.run("--dry")
            made.runs["first"] = made.run("-y")
            made.runs["second"] = made.run("-y")
            yield made
    finally:
        host.down()


def test_dry_names_the_choice_and_touches_nothing(place: Place) -> None:
    told = place.runs["dry"].told
    assert place.runs["dry"].code == 0, told
    assert f"refused: {place.listed[0]}: asks for a person's browser in place of its index" in told
    assert f"{place.listed[1]} failed: REPO-KEY" in told
    assert f"next is {place.listed[2]}" in told
    assert place.runs["dry"].predicted(place.host.name) == {"Mirrors noted", "Repository"}


def test_page_is_refused_a_strangers_key_is_not_trusted_and_the_third_is_taken(
    place: Place,
) -> None:
    first = place.runs["first"]
    assert first.code == 0, first.told
    assert first.changed(place.host.name) == {"Mirrors noted", "Repository"}
    assert place.listed[2] in place.host.run(f"cat {FILE}").stdout
    done = place.host.run("apt-get -q update -o APT::Update::Error-Mode=any")
    assert done.returncode == 0, done.stdout + done.stderr
    noted = json.loads(place.host.run(f"cat {RECORD}").stdout)
    assert noted["mirrors"] == {"nvidia": place.listed[2]}


def test_second_run_keeps_to_the_choice_and_changes_nothing(place: Place) -> None:
    second = place.runs["second"]
    assert second.code == 0, second.told
    assert second.changed(place.host.name) == set()
    assert "chosen by an earlier run and still good" in second.told
    assert place.listed[1] not in second.told, "nobody else was asked"


def test_no_mirror_left_refuses_the_host_with_what_each_answered(place: Place) -> None:
    done = place.run("-y", mirrors={"nvidia": [place.listed[0], f"{place.listed[0]}/other"]})
    assert done.code != 0
    assert "MIRROR-NONE" in done.told and "asks for a person's browser" in done.told
    assert place.listed[2] in place.host.run(f"cat {FILE}").stdout, "it is as it was"

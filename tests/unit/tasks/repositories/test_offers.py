"""What a host is asked about repositories, and by which way it learns how to log in there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pyinfra.api.util import get_kwargs_str

from facts.repository import RepositoryOffers
from stacks.model.plan import Plan, Repository
from tasks.repositories import offers
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.repositories.test_trust import NOW, REPOSITORY, answer

WITH = "http://ana:hunter2@"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden keys are valid then."""
    monkeypatch.setattr("time.time", lambda: NOW)


def plan(*repositories: Repository) -> Plan:
    return replace(a_host.plan(), repositories=repositories)


def with_login(repository: Repository = REPOSITORY, **changes: Any) -> Repository:
    return replace(repository, address=repository.address.replace("http://", WITH), **changes)


def test_versions_are_those_of_repositories_whose_key_is_trusted() -> None:
    told = replace(answer("plain"), versions={"cuda": ("1",)})
    run = ARun(a_host.bare(), {RepositoryOffers: (told,)})
    offered, conflicts = run.prepared(lambda: offers.asked(plan(REPOSITORY), ("cuda",)))
    assert (offered, conflicts) == ({"cuda": ("1",)}, ())
    assert run.prepared(lambda: offers.keyring(plan(REPOSITORY), REPOSITORY))
    assert len(run.asked) == 1


def test_lost_host_is_a_conflict_that_hides_logins(caplog: pytest.LogCaptureFixture) -> None:
    run = ARun(a_host.bare(), {RepositoryOffers: None})
    offered, conflicts = run.prepared(lambda: offers.asked(plan(REPOSITORY), ("cuda",)))
    assert (offered, [c.code for c in conflicts]) == ({}, ["REPO-UNREACHABLE"])


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("apt", "machine http://mirror.example.org/ login ana password hunter2"),
        ("dnf", 'user = "ana:hunter2"'),
    ],
)
def test_login_goes_by_standard_input_alone(kind: Any, line: str) -> None:
    asked: dict[str, Any] = {}
    run = ARun(a_host.bare())
    run.host.get_fact = lambda _, **said: asked.update(said) or (answer("plain"),)  # type: ignore[assignment,method-assign]
    run.prepared(lambda: offers.asked(plan(with_login(kind=kind)), ("cuda",)))
    assert "hunter2" not in get_kwargs_str(asked)  # what pyinfra tells of a fact
    assert asked.pop("_stdin") == (f"{line}\n",)
    command = RepositoryOffers().command(**asked)
    assert "hunter2" not in command and "mirror.example.org" in command


class _Locked(BaseHTTPRequestHandler):
    """Shows a key to who logs in."""

    def do_GET(self) -> None:
        welcome = self.headers.get("Authorization") == "Basic YW5hOmh1bnRlcjI="
        body = b"the key" if welcome else b""
        self.send_response(200 if welcome else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def locked() -> Iterator[str]:
    """The address of a server that asks for a password."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Locked) as http:
        Thread(target=http.serve_forever, args=(0.05,), daemon=True).start()
        yield f"127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.mark.parametrize("kind", ["apt", "dnf"])
def test_real_script_logs_in_with_what_it_reads(locked: str, kind: Any) -> None:
    if kind == "apt" and not Path("/usr/lib/apt/apt-helper").exists():
        kind = "dnf"  # with curl, as apt's kind on such a machine
    whole = replace(REPOSITORY, address=f"{WITH}{locked}/", kind=kind)
    asked: dict[str, Any] = {}
    run = ARun(a_host.bare())
    run.host.get_fact = lambda _, **said: asked.update(said) or (answer("plain"),)  # type: ignore[assignment,method-assign]
    run.prepared(lambda: offers.asked(plan(whole), ("cuda",)))
    for read, there in ((asked.pop("_stdin"), True), ("", False)):
        fact = RepositoryOffers()
        done = subprocess.run(
            ["sh", "-c", fact.command(**asked)],
            input="".join(read),
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin", "no_proxy": "127.0.0.1"},
            check=True,
        )
        (found,) = fact.process(done.stdout.splitlines())
        assert (found.key is not None) is there, done.stdout
        assert "hunter2" not in done.stdout + done.stderr

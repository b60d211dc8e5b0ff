"""Whole deploys with a password in every mirror's address: no command line and no word has it.

Whoever has an account on a host reads the command lines of all, and sudo and sshd log them. What a
command reads on its standard input is its own.
"""

from __future__ import annotations

import base64
import binascii
import logging
import re
import runpy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.images import Images
from facts.model.host import HostState
from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers
from facts.runtime import TorchAnswer
from facts.torch import TorchRuntime
from stacks.catalog.mirrors import KINDS
from tasks.host import needs
from tasks.repositories import offers
from tasks.steps import sending
from tests.unit.facts import golden_hosts
from tests.unit.tasks import a_host, a_run, sent
from tests.unit.tasks.image.test_work import DOCKER
from tests.unit.tasks.jetson.test_state import board

ROCKY = replace(golden_hosts.state("rocky-9-managed-h100.txt"), managed_files={}, venvs=())
PASSWORD = "hunter2%24"
SECRET = "hunter2"
LOGINS = {
    kind: f"http://ana:{PASSWORD}@mirror.example.org/{kind}/"
    for kind in KINDS
    if kind != "registry"
}
DEBS = f"deb http://ana:{PASSWORD}@mirror.example.org/debian bookworm main"


def legible(text: str) -> Iterator[str]:
    """The text, and what its words are when they are decoded."""
    yield text
    for word in re.findall(r"[A-Za-z0-9+/]{12,}={0,2}", text):
        try:
            yield base64.b64decode(word, validate=True).decode(errors="replace")
        except binascii.Error:
            continue


def leaks(texts: list[str]) -> list[str]:
    """Those of the texts that tell the password to whoever can read them."""
    return [text[:300] for text in texts if any(SECRET in found for found in legible(text))]


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """No host is waited for, and each repository has a key that is trusted."""
    monkeypatch.setattr(needs, "needed", lambda *_: False)
    monkeypatch.setattr(offers, "keyring", lambda *_: b"the keys")
    # What is sent as a file is nobody's to read on its way: test_sending.py.
    monkeypatch.setattr(sending, "uploaded", lambda *_: True)


def ran(deploy: str, state: HostState, **data: Any) -> a_run.ARun:
    """A run of the deploy as far as it comes on a host that never changes."""
    run = a_run.ARun(
        state,
        {
            ContainerEngines: Engines(),
            Images: DOCKER,
            TorchRuntime: TorchAnswer(venv="/opt/gpuwright/envs/x", why="no torch is here"),
        },
        mirrors=LOGINS,
        image_apt=[DEBS],
        **data,
    )
    run.wire.says = [sent.JOB_ENDS_WELL]
    run.prepared(lambda: runpy.run_path(f"deploys/{deploy}.py"))
    return run.executed()


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize(
    ("deploy", "state", "data", "read"),
    [
        ("gpu_host", a_host.bare(), {"driver_origin": "nvidia", "cuda_origin": "redist"}, 3),
        ("gpu_host", a_host.bare(), {"cudnn_origin": "redist"}, 2),
        ("gpu_host", ROCKY, {}, 1),
        ("container_host", a_host.bare(), {"docker_origin": "docker", "with_native": True}, 3),
        ("image", a_host.bare(), {}, 1),
        ("image", a_host.bare(), {"image_cuda": "devel", "cuda_origin": "redist"}, 1),
        ("jetson_host", board(), {}, 1),
    ],
)
def test_no_command_line_and_no_word_has_a_password(
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
    deploy: str,
    state: HostState,
    data: dict[str, Any],
    read: int,
) -> None:
    caplog.set_level(logging.DEBUG)
    run = ran(deploy, state, **data)
    assert leaks(run.wire.commands) == []
    told = capsys.readouterr()
    assert leaks([told.out, told.err, *caplog.messages]) == []
    # It is used, though: by what only the command itself reads.
    assert len(leaks(run.wire.read)) >= read, (run.changes, sent.jobs(run).keys())


@pytest.mark.parametrize("form", ["text", "json"])
def test_answer_of_a_deploy_that_only_asks_hides_it(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    said = RepositoryAnswer("", None, None, why=f"E: Failed to fetch {LOGINS['nvidia']}")
    run = a_run.ARun(
        a_host.bare(),
        {RepositoryOffers: (said,)},
        mirrors=LOGINS,
        driver_origin="nvidia",
        format=form,
    )
    with pytest.raises(SystemExit):
        run.prepared(lambda: runpy.run_path("deploys/plan.py"))
    told = capsys.readouterr().out
    assert "http://HIDDEN@mirror.example.org" in told and SECRET not in told

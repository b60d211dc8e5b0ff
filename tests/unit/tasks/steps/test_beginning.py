"""A run that reaches no host says so, with the exit status of its deploy."""

from __future__ import annotations

import ast
import importlib
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from tasks.steps import beginning
from tests.unit.tasks.an_sshd import HOUSE, Pyinfra

DEPLOYS = sorted((HOUSE / "deploys").glob("*.py"))


def nobody() -> dict[str, Any]:
    """A host whose port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    return {"ssh_hostname": "127.0.0.1", "ssh_port": port, "ssh_config_file": "/dev/null"}


def test_deploys_that_ask_are_those_that_say_what_3_means() -> None:
    said = {path.name: ast.get_docstring(ast.parse(path.read_text())) or "" for path in DEPLOYS}
    asking = {name for name, text in said.items() if re.search(r"\b3 \(", text)}
    assert asking == {*beginning.ASKING}


@pytest.mark.parametrize("name", sorted(beginning.ASKING))
def test_unknown_is_called_as_the_deploy_itself_calls_it(name: str) -> None:
    calls = re.search(
        r"from (tasks[.\w]*) import (\w+_opening)", (HOUSE / "deploys" / name).read_text()
    )
    assert calls is not None
    opening = importlib.import_module(f"{calls[1]}.{calls[2]}")
    assert opening._answers.words.get("UNKNOWN", "UNKNOWN") == beginning.ASKING[name]


@pytest.mark.parametrize(
    ("deploy", "code"),
    [
        ("deploys/driver_doctor.py", 3),
        ("deploys/verify.py", 3),
        ("deploys/adopt.py", 3),
        ("deploys/benchmark.py", 3),
        ("deploys/gpu_host.py", 1),
    ],
)
def test_no_host_is_reached(tmp_path: Path, deploy: str, code: int) -> None:
    end = Pyinfra(tmp_path, {"a": nobody(), "b": nobody()}).start(deploy).ended()
    assert end.code == code, end.said
    for name in ("a", "b"):
        assert f"{name}: UNKNOWN: it could not be reached" in end.said


@pytest.mark.parametrize("words", [("-y", "--json"), ("-y", "--data", "format=json")])
def test_no_host_is_reached_and_the_answer_is_json(tmp_path: Path, words: tuple[str, ...]) -> None:
    run = Pyinfra(tmp_path, {"a": nobody()}, words)
    end = run.start("deploys/plan.py").ended()
    assert end.code == 3, end.said
    told = {"verdict": "unknown", "why": "it could not be reached"}
    assert json.loads(end.out) == {"verdict": "unknown", "hosts": {"a": told}}


def test_inventory_that_cannot_be_read_is_no_warning_of_the_doctor(tmp_path: Path) -> None:
    end = Pyinfra(tmp_path, {}, ("-y", str(tmp_path / "none.py"))).start("deploys/driver_doctor.py")
    assert end.ended().code == 3

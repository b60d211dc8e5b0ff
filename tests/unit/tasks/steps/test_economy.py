"""What pyinfra is spared says the same as pyinfra itself."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pyinfra
import pytest
from pyinfra.api import arguments, connectors, util
from pyinfra.api.state import State

from tasks.steps import economy

DEPLOY = """
def step():
    return (
        theirs(state), ours(state)
    )


def deeper():
    return [each(step) for each in (lambda one: one(),
                                    lambda one: sorted([1], key=lambda _: found.append(one())))]


found = []
deeper(
)
found.append(step())
"""


def run(file: Path, known_as: str | None, number: int) -> list[Any]:
    """What both say at each place of the deploy."""
    state = cast(
        State, SimpleNamespace(current_deploy_filename=known_as, current_op_file_number=number)
    )
    theirs = util.get_operation_order_from_stack
    words: dict[str, Any] = {"state": state, "theirs": theirs, "ours": economy.operation_order}
    exec(compile(DEPLOY, str(file), "exec"), words)
    return list(words["found"])


@pytest.mark.skipif(
    not pyinfra.__version__.startswith(economy.WALKED), reason="pyinfra walks the stack itself"
)
@pytest.mark.parametrize("cli", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_operations_are_ordered_as_by_pyinfra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: bool, known: bool
) -> None:
    monkeypatch.setattr(pyinfra, "is_cli", cli)
    file = tmp_path / "deploy.py"
    file.write_text(DEPLOY)
    for name in (str(file), None) if known else ("/elsewhere/deploy.py",):
        found = run(file, name, 7)
        assert len(found) == 2
        for theirs, ours in found:
            assert ours == theirs
            assert (ours[:1] == [7]) is cli


def test_answers_are_kept_and_the_same() -> None:
    asked = "from pyinfra.api import arguments, connectors, inventory\n"
    told = "print(arguments.all_global_arguments(), sorted(inventory.get_all_connectors()))"
    spared = f"{asked}from tasks.steps import economy\neconomy.install()\neconomy.install()\n"
    kept = "\nassert arguments.get_type_hints.cache_info().hits == 1"
    answers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for code in (f"{asked}{told}", f"{spared}{told}\n{told}{kept}")
    ]
    assert answers[1].stdout == answers[0].stdout * 2
    assert "ssh" in answers[0].stdout


def test_names_that_are_replaced_are_pyinfra_s() -> None:
    assert callable(arguments.get_type_hints) and callable(connectors.entry_points)
    assert hasattr(import_module("pyinfra.api.operation"), "get_operation_order_from_stack")

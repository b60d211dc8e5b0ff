"""A burn-in's result as a shell reads it, and what is no answer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.acceptance_note import FILE, AcceptanceNote
from facts.burn_in import FOLDER, BurnInResult
from tests.unit.tasks.acceptance import a_burn_in


def shell(script: str) -> list[str]:
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize(("state", "running"), [("active", True), ("inactive", False), ("", False)])
def test_result_is_read_with_the_state_of_its_unit(
    state: str, running: bool, tmp_path: Path
) -> None:
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\necho {state}\n")
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "result.json").write_text(a_burn_in.text())
    script = BurnInResult().command().replace(FOLDER, str(tmp_path))
    script = script.replace("PATH=/usr/local/sbin", f"PATH={tmp_path}:/usr/local/sbin")
    found = BurnInResult().process(shell(script))
    assert found == a_burn_in.told(running=running)


def test_host_without_a_burn_in_has_none(tmp_path: Path) -> None:
    script = BurnInResult().command().replace(FOLDER, str(tmp_path / "none"))
    found = BurnInResult().process(shell(script))
    assert (found.running, found.found) == (False, False)


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ('{"version": 1,\n "verdict": "OK"}\n', {"version": 1, "verdict": "OK"}),
        ('{"verdict": "O\x1bK"}', {"verdict": "O?K"}),
        (None, None),
        ("", None),
        ("{", None),
        ("[1]", None),
        ("[" * 5000, None),
    ],
)
def test_note_is_read_as_it_is_or_counts_as_none(
    text: str | None, noted: object, tmp_path: Path
) -> None:
    file = tmp_path / "verify.json"
    if text is not None:
        file.write_text(text)
    said = shell(AcceptanceNote().command().replace(FILE, str(file)))
    assert AcceptanceNote().process(said) == {"noted": noted}


@pytest.mark.parametrize("fact", [BurnInResult, AcceptanceNote])
@pytest.mark.parametrize("lines", [["Welcome to gpu1"], ["##gpuwright-note", "{"]])
def test_answer_that_is_cut_off_fails_this_host_alone(fact: type, lines: list[str]) -> None:
    with pytest.raises(FactProcessError):
        fact().process(lines)

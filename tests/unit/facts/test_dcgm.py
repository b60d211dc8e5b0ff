"""DCGM as a shell asks it, with a stand-in for dcgmi."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.dcgm import DcgmDiagnosis
from facts.dcgm_model import Dcgm


def asked(folder: Path, body: str, seconds: int = 20) -> Dcgm:
    if body:
        (folder / "dcgmi").write_text(f"#!/bin/sh\n{body}\n")
        (folder / "dcgmi").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", DcgmDiagnosis().command(seconds=seconds)],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return DcgmDiagnosis().process(done.stdout.splitlines())


def test_level_two_is_asked_for_as_json_and_a_failure_is_an_answer(tmp_path: Path) -> None:
    result = '{"DCGM Diagnostic": {"test_categories": [{"tests": [{"name": "memory", "results": '
    result += '[{"entity_group": "GPU", "entity_id": 0, "status": "Fail"}]}]}]}}'
    found = asked(tmp_path, f"echo \"$@\" >'{tmp_path}/words'; echo '{result}'; exit 226")
    assert (tmp_path / "words").read_text() == "diag -r 2 -j\n"
    assert [(r.test, r.status, r.index) for r in found.results] == [("memory", "fail", 0)]


def test_host_without_it_says_so(tmp_path: Path) -> None:
    assert asked(tmp_path, "") == Dcgm(why="there is no dcgmi on this host")


def test_diagnosis_that_hangs_has_its_end(tmp_path: Path) -> None:
    began = time.monotonic()
    found = asked(tmp_path, "exec sleep 60", seconds=1)
    assert time.monotonic() - began < 20
    assert found.why and found.why.startswith("no answer within")


def test_answer_that_is_cut_off_fails_this_host_alone() -> None:
    with pytest.raises(FactProcessError):
        DcgmDiagnosis().process(["{"])

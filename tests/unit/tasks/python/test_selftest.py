"""The self-test on a host: with each environment, without making one again, as any user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from facts.model.software import Venv
from stacks.model.plan import Plan
from tasks.layout import ENVS, ROOT
from tasks.python import selftest
from tasks.python.state import env_of
from tasks.steps import files
from tests.unit.tasks import a_host, a_run

OLD = f"{ENVS}/an-earlier-one"


def with_files(state: HostState, plan: Plan, *left_out: str) -> HostState:
    """The host after the step."""
    known = {
        path: files.digest(text)
        for path, (text, _) in selftest.texts(state, plan).items()
        if path not in left_out
    }
    return replace(state, managed_files={**state.managed_files, **known})


def commands(state: HostState) -> list[str]:
    run = a_run.ARun(state)
    run.prepared(lambda: selftest.installed(plan=a_host.plan(), name="Self-test"))
    return run.executed().wire.commands


def test_host_that_is_done_gets_the_program_and_nothing_of_its_environment_moves() -> None:
    sent = commands(a_host.done())
    assert len(sent) == 1
    env = env_of(a_host.plan())
    assert f"{env}/bin/gpuwright-selftest" in sent[0]
    assert "venv" not in sent[0] and f"rm -rf {env}" not in sent[0]
    assert len(sent[0]) < 128 * 1024


def test_second_run_changes_nothing() -> None:
    assert commands(with_files(a_host.done(), a_host.plan())) == []


def test_earlier_environment_gets_its_name_too() -> None:
    state = a_host.done()
    state = replace(state, venvs=(*state.venvs, Venv(OLD, True, "3.11", {})))
    name = f"{OLD}/bin/gpuwright-selftest"
    text = selftest.texts(state, a_host.plan())[name][0]
    assert f"for python in {OLD}/bin/python;" in text
    sent = commands(with_files(state, a_host.plan(), name))
    assert len(sent) == 1 and name in sent[0]


def test_environment_that_is_torn_or_elsewhere_gets_nothing() -> None:
    state = a_host.done()
    torn = (Venv(OLD, False, "3.11", {}), Venv("/srv/envs/theirs", True, "3.11", {}))
    found = selftest.environments(replace(state, venvs=(*state.venvs, *torn)), a_host.plan())
    assert found == [env_of(a_host.plan())]


def test_stack_without_torch_has_it_as_well() -> None:
    bare, plan = a_host.bare(), replace(a_host.plan(), torch=None)
    found = selftest.texts(bare, plan)
    assert {p for p in found if p.endswith(selftest.NAME)} == {f"{ROOT}/bin/{selftest.NAME}"}
    assert json.loads(found[f"{selftest.FOLDER}/plan.json"][0])["torch"] is None


@pytest.fixture
def placed(tmp_path: Path) -> Path:
    """The program in a folder of this machine, for a stack without torch."""
    plan = replace(a_host.plan(), torch=None)
    for path, (text, mode) in selftest.texts(a_host.bare(), plan).items():
        target = tmp_path / path.removeprefix(f"{ROOT}/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text.replace(ROOT, str(tmp_path)))
        target.chmod(int(mode, 8))
    return tmp_path


def ran(placed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [placed / "bin" / selftest.NAME, *words],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no python3 of the system")
def test_it_says_in_plain_words_that_there_is_no_gpu(placed: Path) -> None:
    done = ran(placed)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "torch is no part of this stack: CUDA alone was asked" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("verdict UNKNOWN, proof: none (")
    assert not list(placed.rglob("*.pyc"))


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no python3 of the system")
def test_it_says_the_same_as_data(placed: Path) -> None:
    found = json.loads(ran(placed, "--json").stdout)
    assert (found["verdict"], found["faults"]) == ("UNKNOWN", [])
    assert found["versions"]["stack"] == "pytorch-2.9"


@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no python3 of the system")
def test_call_that_hangs_ends_with_its_reason(placed: Path) -> None:
    (placed / "lib/selftest/cuda_call.py").write_text("import time\ntime.sleep(60)\n")
    done = ran(placed, "--limit", "1")
    assert done.returncode == 2
    assert "fault: the CUDA call: no answer within 1 s; see: sudo dmesg" in done.stdout


def test_host_without_python_says_so(placed: Path) -> None:
    start = placed / "bin" / selftest.NAME
    start.write_text(start.read_text().replace("/usr/bin/python3", str(placed / "none")))
    done = ran(placed)
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no Python on this host" in done.stderr


TORCH = """\
import json
print('##gpuwright-json ' + json.dumps({"version": "2.9.1+cu128", "devices": []}))
"""
RANK = """\
import sys, time
if sys.argv[2] == "1":
    sys.exit("RuntimeError: rank 1 met nobody") if %s else time.sleep(60)
time.sleep(60)
"""


@pytest.mark.parametrize(
    ("fails", "limit", "said"),
    [
        (True, "30", "gloo over 2 processes: RuntimeError: rank 1 met nobody"),
        (False, "3", "gloo over 2 processes: no end within"),
    ],
)
def test_processes_that_do_not_meet_end_with_their_reason(
    tmp_path: Path, fails: bool, limit: str, said: str
) -> None:
    for path, (text, _) in selftest.texts(a_host.bare(), a_host.plan()).items():
        if path.startswith(selftest.FOLDER):
            target = tmp_path / path.removeprefix(f"{selftest.FOLDER}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    (tmp_path / "torch_runtime.py").write_text(TORCH)
    (tmp_path / "image/programs/collective.py").write_text(RANK % fails)
    done = subprocess.run(
        [sys.executable, "-I", "-B", tmp_path, "--host", "--limit", limit],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"fault: {said}" in done.stdout


def measuring(folder: Path, python: str) -> Path:
    """The measuring program on this machine, with this Python in the place of the environment's."""
    for path, (text, mode) in selftest.texts(a_host.bare(), a_host.plan()).items():
        if path.startswith(f"{ROOT}/"):
            target = folder / path.removeprefix(f"{ROOT}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace(ROOT, str(folder)))
            target.chmod(int(mode, 8))
    current = folder / "current/bin/python"
    current.parent.mkdir(parents=True, exist_ok=True)
    current.write_text(f'#!/bin/sh\nexec {python} "$@"\n')
    current.chmod(0o755)
    return folder / "bin/gpuwright-measure"


def test_measuring_program_starts_from_where_it_lies(tmp_path: Path) -> None:
    program = measuring(tmp_path, sys.executable)
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "##gpuwright-measure" in done.stdout


def test_host_without_an_environment_cannot_measure_and_says_so(tmp_path: Path) -> None:
    program = measuring(tmp_path, sys.executable)
    (tmp_path / "current/bin/python").unlink()
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert "no environment with PyTorch" in done.stderr


@pytest.mark.skipif(
    "GPUWRIGHT_TEST_TORCH" not in os.environ,
    reason="GPUWRIGHT_TEST_TORCH names no Python that has torch",
)
def test_measuring_program_measures_as_it_is_installed(tmp_path: Path) -> None:
    program = measuring(tmp_path, os.environ["GPUWRIGHT_TEST_TORCH"])
    done = subprocess.run(
        [program, "--cpu", "1"], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"matmul_bf16"' in done.stdout and '"left_out": "no NCCL' in done.stdout

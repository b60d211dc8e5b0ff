"""The opt-in environment file, loaded by real shells."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.model.plan import Plan
from tasks.cuda import environment_file
from tests.unit.tasks.a_host import plan

CLEAN = {"PATH": "/usr/bin:/bin"}


def redist() -> Plan:
    """The plan with a toolkit of its own folder."""
    cuda = plan().cuda
    assert cuda is not None
    prefix = "/usr/local/cuda-11.8"
    return replace(plan(), cuda=replace(cuda, prefix=prefix, nvcc=f"{prefix}/bin/nvcc"))


PLANS = {
    "debian": plan(),
    "redist": redist(),
    "cuda alone": replace(plan(), cudnn=None),
    "cudnn alone": replace(plan(), cuda=None),
}


def variables(shell: str, script: str, before: dict[str, str]) -> dict[str, str]:
    """The environment after ``script``, run by ``shell`` with unset variables as errors."""
    done = subprocess.run(
        [shell, "-eu", "-c", f"{script}\nenv -0"],
        env=before,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    found = dict(word.split("=", 1) for word in done.stdout.split("\0") if word)
    return {k: v for k, v in found.items() if k not in ("_", "PWD", "SHLVL", "OLDPWD")}


@pytest.fixture(params=PLANS, ids=list(PLANS))
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The file for one kind of plan."""
    path = tmp_path / "cuda.sh"
    path.write_text(environment_file.text(PLANS[request.param]))
    return path


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_file_is_harmless_to_strict_shells(file: Path, shell: str) -> None:
    assert variables(shell, f". {file}", CLEAN)["PATH"].endswith("/usr/bin:/bin")


def test_file_says_whose_it_is(file: Path) -> None:
    assert file.read_text().startswith("# Written by gpuwright")


def test_only_variables_with_a_meaning_are_set(file: Path) -> None:
    known = {"CUDA_HOME", "CUDA_PATH", "PATH", "NVCC_PREPEND_FLAGS", "CUDAHOSTCXX"}
    known |= {"CUDNN_ROOT", "CUDNN_INCLUDE_DIR", "CUDNN_LIBRARY", "CPATH", "LIBRARY_PATH"}
    known |= {"PKG_CONFIG_PATH", "CMAKE_PREFIX_PATH", "LD_LIBRARY_PATH"}
    assert set(variables("sh", f". {file}", CLEAN)) <= known


def test_lists_have_no_empty_member_which_would_mean_the_current_folder(file: Path) -> None:
    for name, value in variables("sh", f". {file}", CLEAN).items():
        if name.endswith("PATH"):
            assert "" not in value.split(":"), name


def test_what_the_user_had_stays(file: Path) -> None:
    before = {"PATH": "/mine/bin", "CPATH": "/mine/include", "LD_LIBRARY_PATH": "/mine/lib"}
    after = variables("/bin/sh", f". {file}", {**before, "PATH": "/mine/bin:/usr/bin:/bin"})
    for name, value in before.items():
        assert value in after[name].split(":")


def test_system_libraries_come_after_what_the_user_had(file: Path) -> None:
    after = variables("sh", f". {file}", {**CLEAN, "LD_LIBRARY_PATH": "/mine/lib"})
    assert after["LD_LIBRARY_PATH"].split(":")[0] == "/mine/lib"


def test_loading_it_twice_is_loading_it_once(file: Path) -> None:
    once = variables("sh", f". {file}", CLEAN)
    assert variables("sh", f". {file}; . {file}", CLEAN) == once


def test_nvcc_of_its_own_folder_is_found_first() -> None:
    after = variables("sh", environment_file.text(redist()), CLEAN)
    assert after["PATH"].split(":")[0] == "/usr/local/cuda-11.8/bin"
    assert "/usr/local/cuda-11.8/lib64" in after["LD_LIBRARY_PATH"].split(":")


def test_distributions_layout_adds_nothing_to_the_path() -> None:
    assert variables("sh", environment_file.text(plan()), CLEAN)["PATH"] == CLEAN["PATH"]

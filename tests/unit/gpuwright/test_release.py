"""Another release in a throwaway environment, and what its commands answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuwright import release
from tests.unit.an_index import ANY, Index, serving, wheel

MAIN = "import sys; print('0.9' if sys.argv[1:] == ['version'] else sys.exit(5))\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """The index that uv is set to, with a gpuwright that knows its version and no more."""
    with serving(tmp_path / "index") as made:
        monkeypatch.setenv("UV_DEFAULT_INDEX", made.address)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        files = {"gpuwright/__init__.py": "", "gpuwright/__main__.py": MAIN}
        made.put_files("gpuwright", {f"gpuwright-1.0-{ANY}.whl": wheel("gpuwright", files=files)})
        yield made


def test_release_comes_with_what_else_the_repository_asks_for_and_goes_again(
    index: Index, tmp_path: Path
) -> None:
    index.put_files("boto", {f"boto-1.0-{ANY}.whl": wheel("boto", files={"boto.py": "x = 1\n"})})
    (tmp_path / "requirements.in").write_text("gpuwright==0.5 # ours\nboto\n")
    with release.elsewhere("gpuwright==1.0", tmp_path) as python:
        assert release.version(python) == "0.9"
        subprocess.run([python, "-c", "import boto"], check=True)
    assert not Path(python).exists()


def test_release_that_there_is_not_is_told_in_uv_s_words(index: Index, tmp_path: Path) -> None:
    with (
        pytest.raises(release.ReleaseError, match="gpuwright==7"),
        release.elsewhere("gpuwright==7", tmp_path),
    ):
        pass


def test_command_that_fails_is_told_and_gives_no_plans(index: Index, tmp_path: Path) -> None:
    with (
        release.elsewhere("gpuwright==1.0", tmp_path) as python,
        pytest.raises(release.ReleaseError, match=r"exit status \d"),
    ):
        release.of_described(python, tmp_path, ["pytorch-2.9"])


@pytest.mark.parametrize(
    ("said", "why"), [("", "gave no plans"), ("no JSON", "no JSON:"), ("[]", "no JSON object")]
)
def test_answer_that_is_no_plan_is_told(tmp_path: Path, said: str, why: str) -> None:
    answer = tmp_path / "answer"
    answer.write_text(f"#!/bin/sh\nprintf '%s' '{said}'\n")
    answer.chmod(0o755)
    with pytest.raises(release.ReleaseError, match=why):
        release.of_described(str(answer), tmp_path, ["x"])


def test_inventory_is_asked_by_the_deploy_that_reads_alone(tmp_path: Path) -> None:
    answer = tmp_path / "answer"
    program = "import json, sys; print(json.dumps({'hosts': {'a': {'words': sys.argv[1:]}}}))"
    answer.write_text(f"#!{sys.executable}\n{program}\n")
    answer.chmod(0o755)
    found = release.of_inventory(str(answer), tmp_path, ["inventories/lab.py", "--limit", "a"])
    assert json.dumps(found["a"]["words"]) == json.dumps(
        ["-m", "pyinfra", "-y", "inventories/lab.py", "--limit", "a", "deploys/plan.py"]
        + ["--data", "format=json"]
    )

"""What is laid beside a job: complete, and started by one file."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.benchmark.programs import MODULES, files


@pytest.fixture
def laid(tmp_path: Path) -> Path:
    """The folder as a host gets it."""
    for name, text in files().items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_everything_that_a_program_imports_of_ours_is_there() -> None:
    for name, text in files().items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ImportFrom) and node.module == "image.programs":
                assert {a.name for a in node.names} <= {*MODULES}, name
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("image."):
                assert (node.module or "").rpartition(".")[2] in MODULES, name


def test_it_runs_alone_and_tells_what_it_takes(laid: Path) -> None:
    words = [sys.executable, "-I", "-B", str(laid), "run", "--help"]
    done = subprocess.run(words, capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0 and "--volume" in done.stdout, done.stderr
    assert not list(laid.rglob("__pycache__"))

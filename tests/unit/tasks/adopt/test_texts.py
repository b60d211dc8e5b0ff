"""The written texts: read again as they were meant, whatever a host has said."""

from __future__ import annotations

import ast
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stacks.load import load_stack
from stacks.model.containers import ContainerRequest
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest, Stack, TorchRequest
from tasks.adopt import proof, texts
from tasks.adopt.choice import Left

WHOLE = Stack(
    "adopted_gpu1",
    "",
    DriverRequest(version="580.159.04", flavour="open", origin="nvidia"),
    CudaRequest("11.8", "compile", "redist"),
    CudnnRequest("8.9"),
    TorchRequest("2.9.1", "cu128", "3.11"),
    ContainerRequest(("docker", "podman"), "docker", "29.4.1", "1.20.0"),
)
WORDS = st.text(max_size=60)


def loaded(text: str, folder: Path) -> Stack:
    """The stack that this text is."""
    (folder / "adopted_gpu1.yaml").write_text(text, encoding="utf-8")
    return load_stack("adopted_gpu1", folder)


def test_stack_is_read_again_as_it_was(tmp_path: Path) -> None:
    found = loaded(texts.stack_text(WHOLE, ["gpu1"], []), tmp_path)
    assert (found.driver, found.cuda, found.cudnn, found.torch, found.containers) == (
        WHOLE.driver,
        WHOLE.cuda,
        WHOLE.cudnn,
        WHOLE.torch,
        WHOLE.containers,
    )
    assert found.summary == "As found on gpu1"


@settings(max_examples=30)
@given(host=WORDS, what=WORDS, why=WORDS)
def test_words_of_hosts_stay_words(host: str, what: str, why: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = loaded(texts.stack_text(WHOLE, [host], [Left(what, why)]), Path(folder))
    assert found.torch == WHOLE.torch


@settings(max_examples=30)
@given(host=WORDS, data=st.dictionaries(st.sampled_from(["nccl", "proxy"]), WORDS))
def test_group_data_are_literals_whatever_they_say(host: str, data: dict[str, Any]) -> None:
    name = texts.name_of(host)
    text = texts.group_text(name, [host], data)
    assert proof.read(text) == data
    kinds = {type(node) for node in ast.parse(text).body}
    assert kinds == {ast.Expr, ast.ImportFrom, ast.Assign}


def test_stack_of_the_group_is_found_beside_it_from_any_folder(tmp_path: Path) -> None:
    path = tmp_path / "group_data" / "adopted_gpu1.py"
    found: dict[str, Any] = {"__file__": str(path)}
    exec(texts.group_text("adopted_gpu1", ["gpu1"], {}), found)
    assert found["stack"] == str(tmp_path.resolve() / "stacks" / "adopted_gpu1.yaml")


@pytest.mark.parametrize(
    ("host", "taken", "name"),
    [
        ("gpu1", (), "adopted_gpu1"),
        ("@ssh/GPU-01.lab.example.org", (), "adopted_ssh_gpu_01_lab_example_org"),
        ("../../etc/x", (), "adopted_etc_x"),
        ("…", (), "adopted_host"),
        ("gpu1", ("adopted_gpu1", "adopted_gpu1_2"), "adopted_gpu1_3"),
    ],
)
def test_name_is_one_of_a_group_and_of_a_file(host: str, taken: tuple[str, ...], name: str) -> None:
    assert texts.name_of(host, taken) == name and name.isidentifier()


def test_no_more_is_told_than_anybody_reads() -> None:
    left = [Left(f"thing {number}", "x" * 10_000) for number in range(500)]
    lines = texts.stack_text(WHOLE, [f"gpu{n}" for n in range(500)], left).splitlines()
    assert len(lines) < texts.MOST + 40 and max(map(len, lines)) < 500

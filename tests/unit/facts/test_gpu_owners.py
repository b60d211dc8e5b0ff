"""Whose programs use the GPUs, as this machine's own shell sees it."""

from __future__ import annotations

import subprocess

import pytest
from pyinfra.api import FactProcessError

from facts.gpu_owners import GpuOwners

END = "##gpuwright-gpu-owners-end"


def test_owners_are_told_with_program_and_container() -> None:
    said = ["7|alice||python3", "9|uid 1000|0123456789ab|a|b c", END]
    assert GpuOwners().process(said) == [
        "alice: python3 (7)",
        "uid 1000: a|b c (9) in container 0123456789ab",
    ]
    assert GpuOwners().process([END]) == []


@pytest.mark.parametrize("said", [[], ["7|alice||python3"], ["7 alice", END]])
def test_answer_that_is_cut_off_fails_its_host(said: list[str]) -> None:
    with pytest.raises(FactProcessError):
        GpuOwners().process(said)


def test_shell_ends_with_its_mark() -> None:
    done = subprocess.run(["sh", "-c", GpuOwners().command()], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert isinstance(GpuOwners().process(done.stdout.splitlines()), list)

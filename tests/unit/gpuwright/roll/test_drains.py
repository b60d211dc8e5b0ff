"""A scheduler's command: bounded in time, its words told; and how it calls hosts."""

from __future__ import annotations

import asyncio
import time

import pytest

from gpuwright.roll.drains import DrainError, Nodes, said


def test_command_s_output_comes_back() -> None:
    assert asyncio.run(said(["printf", "a b\n"])) == "a b\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/nowhere/scontrol", "show"], "/nowhere/scontrol show: No such file or directory"),
        (["sh", "-c", "echo one >&2; echo two >&2; exit 1"], ": two"),
        (["sh", "-c", "echo out; exit 1"], ": out"),
        (["false"], "false: exit status 1"),
    ],
)
def test_command_that_fails_is_told_with_its_last_line(words: list[str], told: str) -> None:
    with pytest.raises(DrainError) as error:
        asyncio.run(said(words))
    assert str(error.value).endswith(told)


def test_command_that_hangs_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(DrainError, match="no answer in 0 s"):
        asyncio.run(said(["sleep", "60"], seconds=0.2))
    assert time.monotonic() - began < 10


def test_nodes_are_called_as_hosts_are_but_for_the_domain() -> None:
    short = Nodes(named={"@docker/x": "gpu07"})
    assert [short.of(name) for name in ("gpu01.example.org", "gpu-2", "@docker/x", "10.0.0.7")] == [
        "gpu01", "gpu-2", "gpu07", "10.0.0.7",
    ]  # fmt: skip
    assert Nodes(full=True).of("gpu01.example.org") == "gpu01.example.org"


@pytest.mark.parametrize("name", ["gpu[01-99]", "a,b", "@local", "-x", "a b", "", "gpu01;reboot"])
def test_name_that_is_more_than_a_node_s_is_refused(name: str) -> None:
    with pytest.raises(DrainError, match="--node"):
        Nodes().of(name)

"""Hooks: once per change of the verdict, bounded, and told where they fail."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.acceptance import hooks
from tasks.acceptance.hooks import Told
from tasks.finding import Level


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path / "state"))
    return tmp_path / "state/hooks"


class ACommand:
    """A program that notes how it was called."""

    def __init__(self, folder: Path, body: str = ":") -> None:
        self.log, self.file = folder / "calls", folder / "a hook"
        self.becomes(body)

    def becomes(self, body: str) -> None:
        text = f'#!/bin/sh\nprintf "%s|" "$@" $GPUWRIGHT_VERDICT >>"{self.log}"\n{body}\n'
        self.file.write_text(text)
        self.file.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        text = self.log.read_text() if self.log.exists() else ""
        return [call for call in text.split("|") if call]


def ran(command: ACommand, verdict: Level, host: str = "gpu1", **more: Any) -> tuple[Told, ...]:
    words = [str(command.file)]
    return hooks.run(host, verdict, ("GPU-ECC", "D4"), [*words, "drain"], [*words, "back"], **more)


def test_hooks_run_once_per_change_and_come_back_once(tmp_path: Path) -> None:
    command = ACommand(tmp_path)
    verdicts: list[Level] = ["OK", "CRITICAL", "CRITICAL", "WARN", "OK", "CRITICAL"]
    told = [[one.hook for one in ran(command, verdict)] for verdict in verdicts]
    assert told == [[], ["on_fail"], [], ["on_pass"], [], ["on_fail"]]
    drain = ["drain", "gpu1", "GPU-ECC,D4", "CRITICAL"]
    assert command.calls == [*drain, "back", "gpu1", "GPU-ECC,D4", "WARN", *drain]


def test_unknown_changes_nothing_in_either_way(tmp_path: Path) -> None:
    command = ACommand(tmp_path)
    for verdict in ("UNKNOWN", "CRITICAL", "UNKNOWN", "CRITICAL"):
        ran(command, verdict)
    assert command.calls.count("drain") == 1 and "back" not in command.calls


def test_host_that_somebody_else_has_drained_is_not_given_back(tmp_path: Path) -> None:
    command = ACommand(tmp_path)
    assert hooks.run("gpu1", "CRITICAL", ("D4",), (), ["true"]) == ()
    assert ran(command, "OK") == ()
    assert command.calls == []


def test_host_that_failed_before_there_was_a_hook_is_drained_by_the_next_run(
    tmp_path: Path,
) -> None:
    command = ACommand(tmp_path)
    assert hooks.run("gpu1", "CRITICAL", ("D4",), (), ["true"]) == ()
    assert [one.hook for one in ran(command, "CRITICAL")] == ["on_fail"]


def test_host_that_is_never_given_back_is_drained_at_each_change(tmp_path: Path) -> None:
    command = ACommand(tmp_path)
    words = [str(command.file), "drain"]
    for verdict in ("CRITICAL", "OK", "OK", "CRITICAL", "CRITICAL"):
        hooks.run("gpu1", verdict, ("D4",), words)
    assert command.calls.count("drain") == 2


def test_hook_that_fails_is_told_and_run_again(tmp_path: Path) -> None:
    command = ACommand(tmp_path, "echo 'slurm is away' >&2; exit 7")
    (told,) = ran(command, "CRITICAL")
    assert not told.went_well and told.text.endswith("ends with 7: slurm is away")
    command.becomes(":")
    assert [one.went_well for one in ran(command, "CRITICAL")] == [True]
    assert ran(command, "CRITICAL") == ()


def test_hook_that_hangs_is_ended_with_all_that_it_began(tmp_path: Path) -> None:
    command = ACommand(tmp_path, f"sleep 300 & echo $! >'{tmp_path}/pid'; wait")
    began = time.monotonic()
    (told,) = ran(command, "CRITICAL", limit_s=1)
    assert time.monotonic() - began < 20
    assert not told.went_well and "no end within 1 s" in told.text
    pid = int((tmp_path / "pid").read_text())
    for _ in range(100):
        if not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text():
            break
        time.sleep(0.05)
    else:
        os.kill(pid, 9)
        raise AssertionError("what the hook began goes on")


@pytest.mark.parametrize("words", [["/no/such/hook"], ["/etc/passwd"], ["/"]])
def test_hook_that_cannot_be_started_is_told(words: list[str]) -> None:
    (told,) = hooks.run("gpu1", "CRITICAL", (), words)
    assert not told.went_well and "cannot be started" in told.text


@pytest.mark.parametrize("host", ["../../x", "a b;c", "$(touch pwned)", "ü" * 300, "."])
def test_name_of_a_host_is_a_word_and_no_path(host: str, tmp_path: Path, state: Path) -> None:
    command = ACommand(tmp_path)
    (told,) = ran(command, "CRITICAL", host)
    assert told.went_well
    assert command.calls[1] == host
    assert len(list(state.iterdir())) == 1 and not (tmp_path / "pwned").exists()
    assert ran(command, "CRITICAL", host) == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"failed": "yes"}', "[" * 5000])
def test_broken_knowledge_counts_as_none(text: str, tmp_path: Path, state: Path) -> None:
    command = ACommand(tmp_path)
    ran(command, "CRITICAL")
    (file,) = state.iterdir()
    file.write_text(text)
    assert [one.hook for one in ran(command, "CRITICAL")] == ["on_fail"]


def test_hook_is_not_run_where_it_could_not_be_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every run would drain again, and nobody would be given back."""
    command = ACommand(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("GPUWRIGHT_STATE", str(tmp_path / "file/below"))
    (told,) = ran(command, "CRITICAL")
    assert not told.went_well and "cannot be kept on this machine" in told.text
    assert command.calls == []


def test_folder_that_others_may_write_in_is_not_believed(tmp_path: Path, state: Path) -> None:
    command = ACommand(tmp_path)
    state.mkdir(parents=True)
    state.chmod(0o777)
    (told,) = ran(command, "CRITICAL")
    assert "others may write in it" in told.text


def test_nothing_is_kept_where_no_hook_is_asked_for(state: Path) -> None:
    assert hooks.run("gpu1", "CRITICAL", ("D4",)) == ()
    assert not state.exists()

"""The look at GPUs as a shell runs it, with stand-ins for nvidia-smi and the self-test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.device_health import DeviceHealth
from facts.device_health_model import Health
from facts.script import text
from sandbox.doubles import smi_readings
from tests.unit.tasks.acceptance import a_subject
from tests.unit.tasks.acceptance.a_subject import cards


def looked(
    folder: Path, seconds: int = 15, smi: str = "", selftest: str = "", within: int = 55
) -> Health:
    """What the script brings; ``smi``, ``selftest``: shell texts, or none is there."""
    tool, program = folder / "nvidia-smi", folder / "selftest"
    for file, body in ((tool, smi), (program, selftest)):
        if body:
            file.write_text(f"#!/bin/sh\n{body}\n")
            file.chmod(0o755)
    script = text("frame", "device_health")
    for old, new in (
        ("PATH=/usr/local/sbin", f"PATH={folder}:/usr/local/sbin"),
        ("SELFTEST=/opt/gpuwright/bin/gpuwright-selftest", f"SELFTEST={program}"),
        ("[ -d /sys/module/nvidia ]", "true"),
        ("mktemp /tmp/", f"mktemp {folder}/"),
    ):
        assert old in script
        script = script.replace(old, new)
    done = subprocess.run(
        ["sh", "-s", "--", str(seconds), str(within)],
        input=script,
        capture_output=True,
        text=True,
        check=True,
    )
    return DeviceHealth().process(done.stdout.splitlines())


def stand_in(folder: Path) -> str:
    """A nvidia-smi that says what is planted."""
    (folder / "smi.xml").write_text(smi_readings.xml(cards(2)))
    (folder / "nvlink.txt").write_text(smi_readings.nvlink(cards(2)))
    return f'case "$1" in -q) cat {folder}/smi.xml ;; nvlink) cat {folder}/nvlink.txt ;; esac'


def test_each_gpu_is_looked_at_while_the_selftest_runs(tmp_path: Path) -> None:
    answer = json.dumps(a_subject.selftest(2), indent=2)
    program = f"sleep 0.2; cat <<'END'\n{answer}\nEND\n"
    told = looked(tmp_path, smi=stand_in(tmp_path), selftest=program)
    assert [len(d.links) for d in told.devices] == [18, 18]
    for device in told.devices:
        assert device.busy, "no look was taken under load"
        assert {(s.generation, s.width, s.state) for s in device.busy} == {(5, 16, "P0")}
        assert device.unread == ()
    assert told.selftest is not None and told.selftest.processes == 2
    assert not list(tmp_path.glob("gpuwright.*")), "a file was left"


def test_selftest_that_hangs_is_ended_and_is_called_late(tmp_path: Path) -> None:
    told = looked(tmp_path, 1, stand_in(tmp_path), "sleep 60")
    assert told.selftest is not None and told.selftest.late


def test_selftest_is_not_run_where_no_gpu_answers_or_nobody_asks(tmp_path: Path) -> None:
    told = looked(tmp_path, smi="echo no; exit 9", selftest="touch /nowhere/x")
    assert (told.selftest, told.devices) == (None, ())
    assert told.why and told.why.startswith("nvidia-smi -q -x ends with 9")
    told = looked(tmp_path, 0, stand_in(tmp_path), "exit 1")
    assert told.selftest is None and len(told.devices) == 2


def test_host_without_the_tool_or_the_selftest_says_so(tmp_path: Path) -> None:
    bare = looked(tmp_path)
    assert (bare.asked, bare.unread["rest"]) == (False, "nvidia-smi is not on this host")
    told = looked(tmp_path, smi=stand_in(tmp_path))
    assert "no self-test" in told.unread["load"]


def test_selftest_that_no_time_is_left_for_is_told_as_not_run(tmp_path: Path) -> None:
    """The whole look has its end, whatever hangs in it."""
    slow = f"sleep 2; {stand_in(tmp_path)}"
    told = looked(tmp_path, 40, slow, "sleep 60", within=11)
    assert told.selftest is None and len(told.devices) == 2
    assert told.unread["load"] == "no time was left for the self-test within 11 s"


def test_tool_that_hangs_is_ended_within_what_is_left(tmp_path: Path) -> None:
    told = looked(tmp_path, 40, "sleep 60", "true", within=2)
    assert told.why and told.why.startswith("nvidia-smi -q -x ends with 1")
    assert told.devices == ()


def test_answer_of_another_program_fails_this_host_alone() -> None:
    with pytest.raises(FactProcessError):
        DeviceHealth().process(["Welcome to gpu1"])

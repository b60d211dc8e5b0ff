"""Rolls over stand-in hosts: real runs of pyinfra, a real file, real signals."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from tests.unit.gpuwright.roll.a_fleet import HOUSE, Fleet, cleaned, workers

BUSY_S = 10.0
"""What a machine with other work may take longer."""
ALL_MAY_FAIL = ("--fail-share", "1")


def test_each_host_ends_as_it_is_and_holds_no_other(tmp_path: Path) -> None:
    in_use = ("well", ["77|alice||python3"])
    does = {"gpu1": "well", "hung": "hangs", "dead": "dies", "bad": "fails", "no": "refuses"}
    fleet = Fleet.of(tmp_path, {**does, "used": in_use, "gpu2": "well"}, lost=True)
    options = ("--batches", "100%", "--deadline", "20s", "--busy", "skip", *ALL_MAY_FAIL)
    hosts = fleet.roll(*options, code=2)
    assert {name: told["state"] for name, told in hosts.items()} == {
        "gpu1": "done",
        "gpu2": "done",
        "hung": "failed",
        "dead": "failed",
        "bad": "failed",
        "no": "refused",
        "used": "skipped",
        "gpu99": "unreachable",
    }
    assert hosts["hung"]["why"] == 'its deadline of 20 s passed at "The work"'
    assert hosts["hung"]["slowest"].startswith("The work, ")
    assert hosts["dead"]["why"].startswith('its run of pyinfra died (signal 9) at "The work"')
    assert hosts["no"]["why"] == "NO-DISK"
    assert hosts["used"]["why"].startswith("in use: alice: python3 (77)")
    assert "Unable to connect to port 9" in hosts["gpu99"]["why"]
    assert sorted(fleet.touched) == ["bad", "dead", "gpu1", "gpu2", "hung"]
    plan = fleet.said.split("files in")[0]
    assert "    @fake/used: alice: python3 (77)" in plan, "listed before anything is touched"
    assert "    gpu99: unreachable: it could not be reached" in plan
    assert "pyinfra --dry 'lab of ours.py' 'change it.py' --limit @fake/no" in fleet.said
    assert "8 hosts: 2 done, 1 refused, 3 failed, 1 skipped, 1 unreachable" in fleet.said
    assert workers(fleet.folder) == []


def test_canary_that_fails_is_the_last_host_that_is_touched(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well", "gpu2": "fails", "gpu3": "well"})
    with (fleet.folder / "lab of ours.py").open("a") as file:  # --limit would bring the group
        file.write('globals()["@fake/gpu2"] = ["@fake/gpu1"]\n')
    states = fleet.states("--canary", "@fake/gpu2", *ALL_MAY_FAIL, code=3)
    assert states == {"gpu2": "failed", "gpu1": "waiting", "gpu3": "waiting"}
    assert fleet.touched == ["gpu2"]
    assert "stopped: a canary has to be done before others: @fake/gpu2 is failed" in fleet.said


def test_failures_and_lost_hosts_are_counted_over_the_whole_roll(tmp_path: Path) -> None:
    does = {"gpu1": "fails", "gpu2": "well", "gpu3": "fails", "gpu4": "well"}
    fleet = Fleet.of(tmp_path, does)
    states = fleet.states("--batches", "1", "--fail-share", "25%", code=3)
    assert states == {"gpu1": "failed", "gpu2": "done", "gpu3": "failed", "gpu4": "waiting"}
    assert "stopped: 2 of 4 hosts failed or were not reached, and 1 may" in fleet.said


def test_ctrl_c_ends_within_two_seconds_and_resume_goes_on(
    tmp_path: Path,
) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well", "gpu2": "hangs", "gpu3": "well"})
    process = fleet.start("--batches", "1", *ALL_MAY_FAIL)
    with cleaned(process):
        fleet.wait_for("gpu2")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        hosts = fleet.ended(process, 130)
        assert time.monotonic() - began < 2 + BUSY_S
    assert {name: told["state"] for name, told in hosts.items()} == {
        "gpu1": "done",
        "gpu2": "interrupted",
        "gpu3": "waiting",
    }
    assert hosts["gpu2"]["why"] == 'ended by Ctrl-C at "The work"'
    assert workers(fleet.folder) == []
    lab = fleet.folder / "lab of ours.py"
    lab.write_text(lab.read_text().replace("hangs", "well"))
    assert set(fleet.states("--resume").values()) == {"done"}
    assert fleet.touched == ["gpu1", "gpu2", "gpu2", "gpu3"], "what is done is not done again"


def test_killed_roll_leaves_no_run_behind_and_resume_goes_on(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well", "gpu2": "hangs", "gpu3": "well"})
    process = fleet.start("--batches", "1", *ALL_MAY_FAIL)
    with cleaned(process):
        fleet.wait_for("gpu2")
        (roll,) = [path for path in fleet.rolls.iterdir() if path.is_dir()]
        process.send_signal(signal.SIGKILL)
        process.communicate()
    limit = time.monotonic() + 60
    while workers(fleet.folder) and time.monotonic() < limit:
        time.sleep(0.05)
    assert workers(fleet.folder) == []
    lab = fleet.folder / "lab of ours.py"
    lab.write_text(lab.read_text().replace("hangs", "well"))
    assert fleet.states("--resume", roll.name) == dict.fromkeys(("gpu1", "gpu2", "gpu3"), "done")
    assert fleet.touched.count("gpu1") == 1
    assert "done already: 1" in fleet.said


def test_second_roll_over_the_same_hosts_is_refused_and_over_others_is_not(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "hangs", "gpu2": "well"})
    process = fleet.start("--limit", "@fake/gpu1")
    with cleaned(process):
        fleet.wait_for("gpu1")
        assert fleet.roll(code=75) == {}
        assert "is at work on @fake/gpu1: wait for its end" in fleet.said
        assert fleet.roll("--resume", code=75) == {}
        assert fleet.states("--limit", "@fake/gpu2") == {"gpu2": "done"}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 143
        process.communicate()


def test_plan_touches_nothing_and_leaves_no_file(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well", "gpu2": "well"})
    assert fleet.roll("--plan") == {}
    assert "  batch 1: @fake/gpu1" in fleet.said and "nothing was changed" in fleet.said
    assert fleet.touched == [] and [p for p in fleet.rolls.rglob("*") if p.name != "lock"] == []


def test_secret_reaches_the_run_and_neither_log_file_nor_list_of_processes(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "says"})
    (tmp_path / "key").write_text("opensesame\n")
    fleet.environment = {"ELSEWHERE": "swordfish"}
    sources = (f"key=file:{tmp_path}/key", "LAB_KEY=env:ELSEWHERE")
    fleet.roll(*(word for source in sources for word in ("--secret", source)))
    logs = list(fleet.rolls.glob("*/logs/*"))
    kept = "".join(path.read_text() for path in fleet.rolls.rglob("*") if path.is_file())
    assert "the secret is *** ***" in kept
    assert "opensesame" not in kept + fleet.said and "swordfish" not in kept + fleet.said
    assert logs and all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in logs)


def test_host_that_does_not_pass_the_gate_has_failed(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well", "gpu2": "well"})
    (fleet.folder / "gate.py").write_text(
        "from pyinfra import host\nfrom pyinfra.operations import python\n"
        "python.call(name='Gate', function=lambda: 1 / (host.name != '@fake/gpu2'))\n"
    )
    states = fleet.states("--gate", "gate.py", "--batches", "100%", code=3)
    assert states == {"gpu1": "done", "gpu2": "failed"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--limit", "nobody"), "has no host that fits"),
        (("--canary", "gpu7"), "--canary gpu7: no such host among the 1 of this roll"),
        (("--", "--ssh-password", "x"), "--secret ssh_password=env:VARIABLE"),
        (("--resume", "20200101-000000"), "there is no roll 20200101-000000"),
        (("--secret", "a=env:NOT_THERE"), "the environment has no variable NOT_THERE"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_is_touched(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well"})
    fleet.roll(*options, code=64)
    assert told in fleet.said and fleet.touched == []


@pytest.mark.parametrize(
    "inventory", ["@fake/gpu2,@fake/gpu10", "ours:fleet", "ours.fleet", "our lab/@fake gpus.py"]
)
def test_inventory_of_any_kind_is_taken_in_its_order(tmp_path: Path, inventory: str) -> None:
    fleet = Fleet.of(tmp_path, {})
    listed = ["@fake/gpu2", "@fake/gpu10"]
    (fleet.folder / "ours.py").write_text(
        f"def fleet():\n"
        f"    return {{'a': {listed[::-1]!r}, 'b': [({listed[0]!r}, {{'x': object()}})]}}\n"
    )
    (fleet.folder / "our lab").mkdir()
    (fleet.folder / "our lab/@fake gpus.py").write_text(f"gpus = {listed!r}\n")
    words = [inventory if word == "lab of ours.py" else word for word in fleet.words("--plan")]
    done = subprocess.run(
        [*words, "--busy", "ignore", "--batches", "100%"],
        cwd=fleet.folder,
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
    )
    assert "  batch 1: @fake/gpu2, @fake/gpu10 (2)" in done.stderr, done.stderr


def test_inventory_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "well"})
    (fleet.folder / "lab of ours.py").write_text("import nowhere_at_all\n")
    fleet.roll(code=64)
    assert "cannot be read" in fleet.said and "nowhere_at_all" in fleet.said

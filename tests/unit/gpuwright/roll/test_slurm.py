"""Slurm's nodes: what `scontrol` says, and a stand-in that does what it is told."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from gpuwright.roll.drains import DrainError, Standing
from gpuwright.roll.slurm import Slurm, standing
from tests.unit.gpuwright.roll import schedulers
from tests.unit.gpuwright.roll.a_fleet import Fleet, cleaned

MARK = "gpuwright-roll:20261130-160000"
LINE = "NodeName=gpu01 CPUAlloc={cpus} CPUTot=64 State={state} ThreadsPerCore=1{reason}"


ROOT = " [root@2026-11-30T16:00:00]"


def node(state: str, reason: str = "", cpus: int = 0, who: str = ROOT) -> str:
    return LINE.format(state=state, cpus=cpus, reason=f" Reason={reason}{who}" if reason else "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (node("IDLE"), Standing(False)),
        (node("IDLE*"), Standing(False)),
        (node("IDLE+CLOUD"), Standing(False)),
        (node("MIXED", cpus=8), Standing(False, jobs="Slurm's jobs (MIXED, 8 CPUs)")),
        (node("IDLE+DRAIN", MARK), Standing(True, True)),
        (
            node("ALLOCATED+DRAIN", MARK, 64),
            Standing(True, True, jobs="Slurm's jobs (ALLOCATED+DRAIN, 64 CPUs)"),
        ),
        (
            node("COMPLETING+DRAIN", MARK),
            Standing(True, True, jobs="Slurm's jobs (COMPLETING+DRAIN, 0 CPUs)"),
        ),
        (
            node("IDLE+DRAIN", "bad fan, ticket 7"),
            Standing(True, by="IDLE+DRAIN by root: bad fan, ticket 7"),
        ),
        (node("IDLE+DRAIN"), Standing(True, by="IDLE+DRAIN: no reason is given")),
        (node("DRAINED", "x", who=""), Standing(True, by="DRAINED: x")),
        (node("DOWN*", "Not responding"), Standing(True, by="DOWN* by root: Not responding")),
        (node("DOWN*+DRAIN", MARK), Standing(True, True)),
        (
            node("DOWN+DRAIN", "Node unexpectedly rebooted", who=" [slurm@2026-11-30T16:00:00]"),
            Standing(True, by="DOWN+DRAIN by slurm: Node unexpectedly rebooted"),
        ),
        (node("IDLE+DRAIN", f"{MARK}1"), Standing(True, by=f"IDLE+DRAIN by root: {MARK}1")),
        (node("IDLE", "an old reason"), Standing(False)),
    ],
)  # fmt: skip
def test_node_is_ours_only_with_our_reason_and_nothing_else(text: str, expected: Standing) -> None:
    assert standing(text, MARK) == expected


@pytest.mark.parametrize("text", ["", "slurm_load_node error", "State=", "NodeName=gpu01"])
def test_what_tells_no_state_is_no_answer(text: str) -> None:
    with pytest.raises(DrainError, match="tells no state"):
        standing(text, MARK)


def test_node_is_drained_and_resumed(tmp_path: Path) -> None:
    made = schedulers.slurm(tmp_path / "slurm", gpu01="MIXED")
    slurm = Slurm("20261130-160000", made.command)

    async def course() -> list[Standing]:
        seen = [await slurm.standing("gpu01")]
        await slurm.drain("gpu01")
        seen.append(await slurm.standing("gpu01"))
        await slurm.undrain("gpu01")
        return [*seen, await slurm.standing("gpu01")]

    before, drained, after = asyncio.run(course())
    assert (before.drained, drained.ours, after.drained) == (False, True, False)
    assert slurm.undrain_command("gpu01").endswith("update NodeName=gpu01 State=RESUME")
    with pytest.raises(DrainError, match="Node gpu02 not found"):
        asyncio.run(slurm.standing("gpu02"))


def test_roll_drains_what_it_changes_and_gives_back_only_that(tmp_path: Path) -> None:
    does = {"gpu1": "well", "theirs": "well", "bad": "fails", "used": "well", "no": "refuses"}
    fleet = Fleet.of(tmp_path, does)
    made = schedulers.slurm(
        tmp_path / "slurm",
        gpu1="IDLE", theirs="IDLE+DRAIN:bad fan", bad="IDLE", used="MIXED", no="IDLE",
    )  # fmt: skip
    named = [word for name in does for word in ("--node", f"@fake/{name}={name}")]
    slurm = ["--drain", "slurm", "--drain-command", made.command[0], "--busy", "skip"]
    hosts = fleet.roll(*slurm, *named, "--batches", "100%", "--fail-share", "1", code=2)
    states = {name: told["state"] for name, told in hosts.items()}
    assert states == {
        "gpu1": "done", "theirs": "skipped", "bad": "failed", "used": "skipped", "no": "refused",
    }  # fmt: skip
    assert sorted(fleet.touched) == ["bad", "gpu1"]
    left = {name: (made.folder / name).read_text().split("\n")[0] for name in does}
    assert left == {
        "gpu1": "IDLE", "theirs": "IDLE+DRAIN", "bad": "IDLE+DRAIN", "used": "MIXED", "no": "IDLE",
    }  # fmt: skip
    assert not [line for line in made.called if "NodeName=theirs" in line]
    assert hosts["bad"]["drained"] and not hosts["theirs"]["drained"]
    assert hosts["theirs"]["drained_by_others"] == "IDLE+DRAIN by root: bad fan"
    plan = fleet.said.split("files in")[0]
    assert "@fake/theirs: drained by somebody else, is left alone" in plan
    assert "it is drained by this roll; once it is well: " in fleet.said


def test_killed_roll_knows_its_drain_again_and_gives_the_node_back(tmp_path: Path) -> None:
    fleet = Fleet.of(tmp_path, {"gpu1": "hangs"})
    made = schedulers.slurm(tmp_path / "slurm", gpu1="IDLE")
    process = fleet.start(
        *("--drain", "slurm", "--drain-command", made.command[0], "--node", "@fake/gpu1=gpu1")
    )
    with cleaned(process):
        fleet.wait_for("gpu1")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert (made.folder / "gpu1").read_text().startswith("IDLE+DRAIN\ngpuwright-roll:")
    lab = fleet.folder / "lab of ours.py"
    lab.write_text(lab.read_text().replace("hangs", "well"))
    assert fleet.states("--resume") == {"gpu1": "done"}
    assert (made.folder / "gpu1").read_text().startswith("IDLE\n")
    assert len([line for line in made.called if "State=DRAIN" in line]) == 1

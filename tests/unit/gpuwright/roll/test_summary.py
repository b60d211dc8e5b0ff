"""The end of a roll: every host with its reason and the command that goes on."""

from __future__ import annotations

import json

import pytest

from gpuwright.roll.options import Settings
from gpuwright.roll.state import Entry
from gpuwright.roll.summary import data, lines, status

WANTED = Settings("deploys/gpu_host.py", "our lab.py", options=["--ssh-user", "ops"])
RESUME = "gpuwright roll --resume 20261130-160000"


@pytest.mark.parametrize(
    ("states", "stopped", "expected"),
    [
        (["done", "done"], "", 0),
        (["done", "refused"], "", 1),
        (["done", "skipped"], "", 1),
        (["failed", "skipped"], "", 2),
        (["done", "unreachable"], "", 2),
        (["done", "failed"], "a canary", 3),
        (["done", "waiting"], "", 1),
    ],
)
def test_exit_status_is_that_of_the_worst(states: list[str], stopped: str, expected: int) -> None:
    hosts = {str(n): Entry(state=state) for n, state in enumerate(states)}
    assert status(hosts, stopped) == expected


def test_host_that_is_still_drained_by_us_is_not_all_well() -> None:
    hosts = {"a": Entry(state="done", drained="ours")}
    assert status(hosts, "") == 1
    assert "    do: undrain a" in told(hosts)


def told(hosts: dict[str, Entry], stopped: str = "") -> list[str]:
    return lines(WANTED, hosts, stopped, RESUME, lambda host: f"undrain {host}")


def test_every_host_that_is_not_done_has_its_reason_and_a_command() -> None:
    hosts = {
        "a": Entry(state="done", seconds=200, slowest="Driver, 150 s"),
        "b": Entry(state="refused", why="NO-DISK", log="/l/b.log"),
        "c": Entry(state="failed", why="no space", log="/l/c.log", drained="ours"),
        "d": Entry(state="failed", why="gate CRITICAL: D7", log="/l/d.log"),
        "e": Entry(state="skipped", why="drained by somebody else", foreign="DRAIN by bob: fan"),
        "f": Entry(state="interrupted", why="ended by Ctrl-C", jobs={"u.service": "driver"}),
        "g": Entry(),
    }
    said = told(hosts, "2 of 7 hosts failed")
    pyinfra = "pyinfra --ssh-user ops 'our lab.py' deploys/gpu_host.py --limit c"
    assert said[1:3] == [
        "7 hosts: 1 done, 1 refused, 2 failed, 1 skipped, 1 interrupted, 1 waiting",
        "stopped: 2 of 7 hosts failed",
    ]
    at = said.index("c: failed: no space")
    assert said[at + 1 : at + 4] == [
        "    log: /l/c.log",
        f"    do: {pyinfra}",
        "    it is drained by this roll; once it is well: undrain c",
    ]
    dry = "    do: pyinfra --dry --ssh-user ops 'our lab.py' deploys/gpu_host.py --limit b"
    assert dry in said
    assert "    do: pyinfra --ssh-user ops 'our lab.py' deploys/verify.py --limit d" in said
    assert "    drained by somebody else (DRAIN by bob: fan); theirs to end: undrain e" in said
    assert "    goes on there by itself: driver, systemd unit u.service" in said
    assert "g: waiting: its turn never came" in said
    assert "slowest: a, 3 min (Driver, 150 s)" in said
    assert said[-1] == f"all that is not done, again: {RESUME}"


def test_data_say_the_same() -> None:
    said = json.loads(json.dumps(data("x", {"a": Entry(state="done", drained="ours")}, "", 1)))
    assert said["exit"] == 1 and said["hosts"]["a"]["drained"] is True

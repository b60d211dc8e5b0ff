"""A signal ends the run within two seconds, and says what goes on where and how to come back."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.unit.tasks import an_sshd
from tests.unit.tasks.an_sshd import Ended, Pyinfra

LIMIT_S = 4.0
"""Twice what is promised: the processors may be busy with other tests."""
LOOKING = """
from facts.host import HostProbe
from tasks.steps.step import fact, this_host
from tasks.verify import report

report.register(this_host())
fact(HostProbe)
"""


def assert_ended(end: Ended, number: signal.Signals, name: str) -> None:
    """It ended with the signal's status, in time, and without pyinfra's words or Python's."""
    assert end.code == 128 + number, end.said
    assert end.took_s < LIMIT_S, end.said
    assert f"Ended by {name}" in end.said
    assert "Traceback" not in end.said
    assert "Exiting upon user request" not in end.said + end.out


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (signal.SIGINT, "Ctrl-C"),
        (signal.SIGTERM, "SIGTERM"),
        (signal.SIGHUP, "the end of its terminal"),
    ],
)
def test_signal_in_a_long_step_of_several_hosts(
    tmp_path: Path, number: signal.Signals, name: str
) -> None:
    with an_sshd.started(tmp_path, "one") as one, an_sshd.started(tmp_path, "two") as two:
        hosts = {
            "one": {**one.data, "long": "hang", "job": "CUDA toolkit"},
            "two": {**two.data, "long": "hang"},
        }
        run = Pyinfra(tmp_path, hosts).start(an_sshd.deploy(tmp_path))
        an_sshd.until(lambda: one.heard("hang") and two.heard("hang"), run.said())
        end = run.ended(10, number)
    assert_ended(end, number, name)
    assert "one: goes on by itself: CUDA toolkit, systemd unit gpuwright-cuda.service" in end.said
    assert 'two: stopped in the middle of "Long step"' in end.said
    assert "Run the same command again" in end.said
    assert f'two: verdict UNFINISHED, proof: none (ended by {name} at "Long step")' in end.said


def test_signal_while_hosts_are_looked_at(tmp_path: Path) -> None:
    with an_sshd.started(tmp_path, "one") as one:
        # The probe's own text holds the word that this server hangs at.
        text = LOOKING.replace(
            "fact(HostProbe)", "HostProbe.command = lambda _: 'hang'\nfact(HostProbe)"
        )
        run = Pyinfra(tmp_path, {"one": one.data}).start(an_sshd.deploy(tmp_path, text))
        an_sshd.until(lambda: one.heard("hang"), run.said())
        end = run.ended(10, signal.SIGINT)
    assert_ended(end, signal.SIGINT, "Ctrl-C")
    assert "before anything was changed" in end.said


def test_signal_while_a_host_is_frozen(tmp_path: Path) -> None:
    with an_sshd.started(tmp_path, "one") as one:
        run = Pyinfra(tmp_path, {"one": {**one.data, "long": "hang"}})
        run.start(an_sshd.deploy(tmp_path))
        an_sshd.until(lambda: one.heard("hang"), run.said())
        one.process.send_signal(signal.SIGSTOP)
        assert_ended(run.ended(10, signal.SIGTERM), signal.SIGTERM, "SIGTERM")


def test_signal_while_connecting(tmp_path: Path) -> None:
    with an_sshd.started(tmp_path, "one") as one:
        one.process.send_signal(signal.SIGSTOP)
        run = Pyinfra(tmp_path, {"one": one.data}).start(an_sshd.deploy(tmp_path))
        an_sshd.until(lambda: "Connecting to hosts" in run.said(), "it connects")
        assert_ended(run.ended(10, signal.SIGINT), signal.SIGINT, "Ctrl-C")

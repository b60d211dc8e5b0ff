"""A host that no longer answers is given up in bounded time, with the reason; the others go on."""

from __future__ import annotations

import signal
from pathlib import Path

import gevent
import pytest

from tasks.steps import connection
from tasks.steps.connection import OverdueError
from tests.unit.tasks import a_host, an_sshd
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.an_sshd import Pyinfra


def test_hosts_that_hang_freeze_or_are_away_fail_and_the_other_one_ends_with_its_verdict(
    tmp_path: Path,
) -> None:
    with (
        an_sshd.started(tmp_path, "good") as good,
        an_sshd.started(tmp_path, "hung") as hung,
        an_sshd.started(tmp_path, "frozen") as frozen,
    ):
        hosts = {
            "good": good.data,
            "hung": {**hung.data, "long": "hang", "answer_wait": 5},
            "frozen": {**frozen.data, "long": "hang", "silence_wait": 5},
            "away": {**good.data, "ssh_port": 1},
        }
        run = Pyinfra(tmp_path, hosts).start(an_sshd.deploy(tmp_path))
        an_sshd.until(lambda: frozen.heard("hang"), "the frozen host got its long command")
        frozen.process.send_signal(signal.SIGSTOP)
        end = run.ended(40)
    assert end.code == 1, end.said
    assert end.took_s < 20
    assert "good: verdict OK" in end.said
    assert (
        "hung: verdict FAILED, proof: none (it stopped at: Long step: a command: no answer with"
        in (end.said)
    )
    assert (
        "frozen: verdict FAILED, proof: none (it stopped at: Long step: no sign of life for 5 s"
        in (end.said)
    )
    assert "away: verdict UNKNOWN, proof: none (it could not be reached)" in end.said
    assert "Traceback" not in end.said


def test_limit_ends_what_hangs_and_gives_the_connection_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = ARun(a_host.bare()).host
    closed: list[object] = []
    monkeypatch.setattr(connection, "given_up", closed.append)
    with (
        pytest.raises(OverdueError, match=r"a look: no answer within 0\.05 s"),
        connection.limited(host, 0.05, "a look"),
    ):
        gevent.sleep(60)
    assert closed == [host]


def test_limit_of_somebody_else_is_not_taken_for_its_own() -> None:
    host = ARun(a_host.bare()).host
    with (
        pytest.raises(gevent.Timeout),
        gevent.Timeout(0.05),
        connection.limited(host, 60, "a look"),
    ):
        gevent.sleep(60)


def test_limits_are_the_host_s_own() -> None:
    host = ARun(a_host.bare(), answer_wait=7, silence_wait="9").host
    patience = connection.patience(host)
    assert (patience.answer, patience.silence) == (7, 9)

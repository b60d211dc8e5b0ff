"""The proxy of a host's data reaches facts and jobs, and no command line."""

from __future__ import annotations

from tasks.steps import around, job
from tasks.steps.surroundings import Strangers
from tests.unit.tasks import a_host, sent
from tests.unit.tasks.a_run import ARun

SECRET = "s3cret"
PROXY = f"http://me:{SECRET}@proxy.example.org:3128"


def test_without_a_proxy_nothing_is_sent() -> None:
    run = ARun(a_host.bare())
    assert run.prepared(lambda: around.file(run.host)) == ""
    assert run.wire.commands == []


def test_proxy_is_handed_over_once_and_stands_in_no_command_line() -> None:
    run = ARun(a_host.bare(), proxy=PROXY)
    read = sent.answering(run, {})
    for _ in range(2):
        assert run.prepared(lambda: around.file(run.host)) == around.FILE
    (text,) = read
    assert PROXY in text
    assert len(run.wire.commands) == 1 and SECRET not in run.wire.commands[0]


def test_jobs_of_a_host_are_told_of_its_own_strangers_alone() -> None:
    one, other = ARun(a_host.bare()), ARun(a_host.bare())
    around.tolerate(one.host, Strangers(("http://dead.example/x ./",)))
    assert "dead.example" in one.prepared(lambda: around.of_host(one.host))
    assert "dead.example" not in other.prepared(lambda: around.of_host(other.host))


def test_every_job_begins_so() -> None:
    run = ARun(a_host.bare())
    run.wire.says = ["started"]
    run.prepared(lambda: job._start(None, run.host, job.Job("x", "X", "echo mine")))
    (script,) = sent.jobs(run).values()
    assert script.index("UV_NO_CONFIG=1") < script.index("echo mine")

"""A maker's repository is added with keys that were checked, or the host stops untouched."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers
from stacks.model.plan import Plan
from tasks.layout import ASIDE
from tasks.repositories import trust, vendor
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.repositories.test_trust import NOW, REPOSITORY, answer
from tests.unit.tasks.sent import ran

LIST = "/etc/apt/sources.list.d/cuda.list"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """The golden keys are valid then."""
    monkeypatch.setattr("time.time", lambda: NOW)


def plan() -> Plan:
    """The bare host's, with NVIDIA's repository."""
    return replace(a_host.plan(), repositories=(REPOSITORY,))


def added(told: RepositoryAnswer) -> ARun:
    """The step on a host that names the repository in a file of its own."""
    state = a_host.with_sources(a_host.source("/", "", uris=(REPOSITORY.address,), file=LIST))
    return ran(vendor.added, state, {RepositoryOffers: (told,)}, plan=plan())


def test_repository_with_the_pinned_key_is_added() -> None:
    run = added(answer("plain"))
    assert run.exit_status == 0
    (command,) = run.wire.commands
    assert "/etc/apt/sources.list.d/" in command


def test_older_file_of_the_repository_is_named_before_it_is_moved(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    added(answer("plain"))
    assert f"{LIST}{ASIDE}" in caplog.text


def test_repository_with_another_key_stops_the_host_untouched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = answer("with-subkey")
    run = added(told)
    assert (run.exit_status, run.wire.commands) == (1, [])
    (conflict,) = trust.conflicts(REPOSITORY, told, NOW)
    assert conflict.code in caplog.text
    assert conflict.remedies[0] in caplog.text


def test_plan_without_repositories_asks_nobody() -> None:
    run = ran(vendor.added, a_host.bare(), plan=a_host.plan())
    assert (run.changes, RepositoryOffers in run.asked) == ([], False)

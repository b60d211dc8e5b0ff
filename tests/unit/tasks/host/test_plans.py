"""The opening of a host for the deploys that converge it: its plan, or its refusal, untouched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.archives import ArchiveAnswers
from facts.engine_model import Engines
from facts.engines import ContainerEngines
from facts.host import HostProbe
from facts.model.host import HostState
from facts.model.outlook import Outlook
from facts.outlook import PackageOutlook
from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers
from tasks.host import plans
from tasks.host import resolution as host_resolution
from tasks.verify import report
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.jetson.test_state import board

pytestmark = pytest.mark.usefixtures("lines")


def as_user(state: HostState, sudo: bool) -> HostState:
    """The host, logged in to by a user who may become root, or may not."""
    login = replace(state.login, user="me", uid=1000, root=sudo)
    return replace(state, login=login)


NO_ROOT, SUDO = as_user(a_host.bare(), sudo=False), as_user(a_host.bare(), sudo=True)
NO_SYSTEMD = replace(a_host.bare(), system=replace(a_host.bare().system, systemd=False))
FULL = a_host.with_mounts(a_host.bare(), {"/": ("/dev/vda1", 100)})


def codes(line: report.Line) -> list[str]:
    """Codes of the conflicts."""
    return [note.split(":")[0] for note in line.notes]


def test_host_that_fits_gets_its_plan_after_one_look(lines: dict[str, report.Line]) -> None:
    run = ARun(a_host.bare())
    plan = run.prepared(plans.for_this_host)
    assert plan is not None and plan.digest == a_host.plan().digest
    assert (lines[NAME].verdict, run.exit_status) == ("PLANNED", 0)
    assert (run.asked, run.state.ops[run.host]) == ([HostProbe, ArchiveAnswers, PackageOutlook], {})


@pytest.mark.parametrize(
    ("state", "data", "code"),
    [
        (NO_ROOT, {}, "NO-ROOT"),
        (NO_SYSTEMD, {}, "NO-SYSTEMD"),
        (FULL, {}, "DISK-SMALL"),
        (board(), {}, "JETSON-HOST"),
        (a_host.bare(), {"stack": "pytorch-9.9"}, "STACK-INVALID"),
        (a_host.bare(), {"rollback": "one"}, "STACK-INVALID"),
        (a_host.bare(), {"lock_wait": -1}, "STACK-INVALID"),
        (a_host.bare(), {"kernel_policy": "Hold"}, "STACK-INVALID"),
        (a_host.bare(), {"textfile_folder": "here"}, "STACK-INVALID"),
        (a_host.bare(), {"docker_users": 7}, "STACK-INVALID"),
        (a_host.bare(), {"expected_gpus": "h1000"}, "STACK-INVALID"),
        (a_host.bare(), {"rollback": 1}, "ROLLBACK-NONE"),
    ],
)
def test_host_is_refused_after_one_look_and_before_it_is_touched(
    lines: dict[str, report.Line], state: HostState, data: dict[str, Any], code: str
) -> None:
    run = ARun(state, **data)
    assert run.prepared(plans.for_this_host) is None
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("REFUSED", [code])
    assert run.exit_status == 1, "so that --dry, which runs nothing, fails as well"
    assert run.changes == [f"Refused: {code}"]
    run.executed()
    assert (run.asked, run.wire.commands) == ([HostProbe], [])


def test_stack_that_does_not_fit_is_refused_with_the_resolvers_conflicts(
    lines: dict[str, report.Line],
) -> None:
    run = ARun(a_host.bare(), driver_branch="470")
    assert run.prepared(plans.for_this_host) is None
    assert lines[NAME].verdict == "REFUSED"
    resolution = host_resolution.resolved(a_host.bare(), {"driver_branch": "470"})
    assert codes(lines[NAME]) == [c.code for c in resolution.conflicts] != []


def test_each_kind_of_host_is_refused_by_the_deploy_of_the_other(
    lines: dict[str, report.Line],
) -> None:
    run = ARun(a_host.bare())
    assert run.prepared(lambda: plans.for_this_host(for_jetsons=True)) is None
    assert codes(lines[NAME]) == ["NO-JETSON"]
    assert "deploys/gpu_host.py" in lines[NAME].notes[0]


def test_host_that_cannot_be_read_gets_no_plan_and_is_not_called_refused(
    lines: dict[str, report.Line],
) -> None:
    run = ARun(None)
    assert run.prepared(plans.for_this_host) is None
    assert (lines[NAME].verdict, run.state.ops[run.host]) == ("UNKNOWN", {})


@pytest.mark.parametrize(("state", "sudo"), [(a_host.bare(), None), (SUDO, True), (NO_ROOT, None)])
def test_root_is_taken_by_sudo_only_where_it_is_needed_and_to_be_had(
    state: HostState, sudo: bool | None
) -> None:
    run = ARun(state)
    run.prepared(plans.for_this_host)
    assert run.host.data.get("_sudo") is sudo


def test_package_of_others_that_only_a_removal_would_help_refuses_the_host(
    lines: dict[str, report.Line],
) -> None:
    run = ARun(a_host.bare(), {PackageOutlook: Outlook(removals=("acme-agent",))})
    assert run.prepared(plans.for_this_host) is None
    assert codes(lines[NAME]) == ["PACKAGES-BROKEN"]
    assert run.wire.commands == []


def test_finished_host_costs_no_further_look() -> None:
    run = ARun(a_host.done())
    assert run.prepared(plans.for_this_host) is not None
    assert run.asked == [HostProbe]


def test_container_host_is_asked_for_its_engines_and_its_repositories_once(
    monkeypatch: pytest.MonkeyPatch, lines: dict[str, report.Line]
) -> None:
    monkeypatch.setattr(plans.offers, "asked", lambda plan, names: (None, ()))
    run = ARun(a_host.bare(), {ContainerEngines: Engines()})
    plan = run.prepared(lambda: plans.for_this_host(containers=True))
    assert plan is not None and plan.containers is not None and plan.torch is None
    assert lines[NAME].verdict == "PLANNED"
    assert run.asked == [HostProbe, ContainerEngines, ArchiveAnswers, PackageOutlook]


def test_repository_that_does_not_answer_refuses_the_host(lines: dict[str, report.Line]) -> None:
    run = ARun(a_host.bare(), {ContainerEngines: Engines(), RepositoryOffers: None})
    assert run.prepared(lambda: plans.for_this_host(containers=True)) is None
    assert codes(lines[NAME]) == ["REPO-UNREACHABLE"]
    assert run.asked == [
        HostProbe,
        ContainerEngines,
        ArchiveAnswers,
        PackageOutlook,
        RepositoryOffers,
    ]


def test_bare_debian_without_nvidias_repository_is_refused_untouched_and_goes_on_with_debians(
    lines: dict[str, report.Line], caplog: pytest.LogCaptureFixture
) -> None:
    dead = (RepositoryAnswer("http://x/", None, None, why="connection refused"),)
    run = ARun(a_host.bare(), {RepositoryOffers: dead}, driver_origin=None)
    assert run.prepared(plans.for_this_host) is None
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("REFUSED", ["REPO-UNREACHABLE"])
    assert "`driver_origin: debian`" in caplog.text
    run.executed()
    assert (run.exit_status, run.wire.commands) == (1, [])
    again = ARun(a_host.bare(), {RepositoryOffers: dead}, driver_origin="debian")
    plan = again.prepared(plans.for_this_host)
    assert plan is not None and plan.driver is not None and plan.driver.origin == "debian"
    assert again.exit_status == 0


def test_torch_of_another_deploy_stays_in_a_container_hosts_plan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plans.offers, "asked", lambda plan, names: (None, ()))
    state = replace(a_host.done(), record={"versions": {"torch": "2.9.1"}})
    run = ARun(state, {ContainerEngines: Engines()})
    plan = run.prepared(lambda: plans.for_this_host(containers=True))
    assert plan is not None and plan.torch is not None

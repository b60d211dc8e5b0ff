"""The opening that all deploys share: what it looks at, what it refuses, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from pyinfra.api.host import Host

from facts.host import HostProbe
from facts.model.host import HostState
from stacks.load import StackError
from stacks.model.messages import Conflict
from tasks.host import opening
from tasks.steps import course
from tasks.steps.refusal import Refused
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.host.test_plans import NO_ROOT, NO_SYSTEMD, SUDO

CONFLICT = Conflict("DISK-SMALL", "the disk is too small", "1 MiB is free", ("add",), "docs")
Decide = Callable[[Host, HostState], str | None]


@dataclass
class AReport:
    """Keeps what the opening tells it."""

    said: list[str] = field(default_factory=list)

    def register(self, host: Host) -> None:
        """The host is in the run."""
        self.said.append("registered")

    def refused(self, host: Host, conflicts: tuple[Conflict, ...]) -> None:
        """The host is left as it is."""
        self.said += [c.code for c in conflicts]


def work(host: Host, state: HostState) -> str:
    """Nothing speaks against it."""
    return f"work of {state.login.user}"


def raising(error: Exception) -> Decide:
    """What comes out of a decision that cannot be taken."""

    def decide(host: Host, state: HostState) -> str:
        raise error

    return decide


def opened(state: HostState | None, decide: Decide = work) -> tuple[ARun, AReport, str | None]:
    """The run, what was told, and the work."""
    run, report = ARun(state), AReport()
    return run, report, run.prepared(lambda: opening.opened(decide, report))


def test_work_of_a_host_is_given_after_one_look() -> None:
    run, report, found = opened(a_host.bare())
    assert (found, report.said, run.asked) == ("work of root", ["registered"], [HostProbe])
    assert (run.changes, run.exit_status) == ([], 0)


@pytest.mark.parametrize(
    ("error", "codes"),
    [
        (Refused(CONFLICT, CONFLICT), ["DISK-SMALL", "DISK-SMALL"]),
        (StackError("no such stack"), ["STACK-INVALID"]),
        (ValueError('"reboot" is 7'), ["STACK-INVALID"]),
        (FileNotFoundError("no lock"), ["STACK-INVALID"]),
    ],
)
def test_host_that_cannot_have_it_is_refused(error: Exception, codes: list[str]) -> None:
    run, report, found = opened(a_host.bare(), raising(error))
    assert (found, report.said, run.exit_status) == (None, ["registered", *codes], 1)
    assert run.changes == [f"Refused: {', '.join(codes)}"]


@pytest.mark.parametrize(("state", "code"), [(NO_ROOT, "NO-ROOT"), (NO_SYSTEMD, "NO-SYSTEMD")])
def test_host_that_lets_nobody_work_is_refused_before_anything_is_decided(
    state: HostState, code: str
) -> None:
    _, report, found = opened(state, raising(AssertionError("decided")))
    assert (found, report.said) == (None, ["registered", code])


def test_host_that_cannot_be_read_is_not_refused() -> None:
    run, report, found = opened(None, raising(AssertionError("decided")))
    assert (found, report.said, run.changes) == (None, ["registered"], [])


def test_host_that_goes_away_meanwhile_is_not_refused() -> None:
    run, report, found = opened(a_host.bare(), lambda host, state: None)
    assert (found, report.said, run.changes) == (None, ["registered"], [])


@pytest.mark.parametrize(("state", "sudo"), [(a_host.bare(), None), (SUDO, True), (NO_ROOT, None)])
def test_sudo_is_used_only_where_it_is_needed_and_to_be_had(
    state: HostState, sudo: bool | None
) -> None:
    run, _, _ = opened(state)
    assert run.host.data.get("_sudo") is sudo


def test_name_of_host_data_that_looks_misspelt_is_told(caplog: pytest.LogCaptureFixture) -> None:
    run = ARun(a_host.bare(), expected_gpu=1)
    run.prepared(lambda: opening.opened(work))
    assert 'Did you mean "expected_gpus"?' in caplog.text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "internal error, KeyError: 'x'"),
        (RecursionError("deep"), "internal error, RecursionError: deep"),
        (EOFError(), "the connection was lost"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_decision_that_breaks_fails_this_host_alone(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = ARun(a_host.bare(), unreachable=("other",))
    other = run.state.inventory.get_host("other")
    assert other is not None
    run.state.activate_host(other)
    assert run.prepared(lambda: opening.opened(raising(error), AReport())) is None
    assert run.state.failed_hosts == {run.host}
    assert words in caplog.text


def test_host_that_goes_away_while_it_is_judged_is_not_blamed_for_its_data(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def gone(host: Host, state: HostState) -> str:
        course.known(host, "the connection was lost")
        raise ConnectionResetError("peer")

    run = ARun(a_host.bare(), unreachable=("other",))
    run.state.activate_host(run.state.inventory.get_host("other"))
    run.prepared(lambda: opening.opened(gone, AReport()))
    assert run.state.failed_hosts == {run.host}
    assert "STACK-INVALID" not in caplog.text


def test_limit_that_is_no_number_is_refused_before_anything() -> None:
    said = AReport()
    run = ARun(a_host.bare(), answer_wait="for ever")
    assert run.prepared(lambda: opening.opened(work, said)) is None
    assert said.said == ["registered", "STACK-INVALID"]

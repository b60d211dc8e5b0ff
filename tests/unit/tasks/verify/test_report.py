"""The table at the end: its columns by kind of host, and what is said of each host below it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from facts.host import HostProbe
from facts.model.host import HostState
from stacks.model.messages import Conflict, Notice
from stacks.model.plan import Plan
from tasks.finding import Finding
from tasks.steps.record import TorchImport
from tasks.steps.step import host_state, invalidate
from tasks.verify import report
from tests.unit.tasks import a_host, a_run
from tests.unit.tasks.a_host import DRIVER, KERNEL, plan
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.jetson.test_state import board, planned

ENGINES = {"engine": "Docker 20.10.24", "toolkit": "1.20.0-1"}
NO_TORCH = replace(plan(), cuda=None, cudnn=None, torch=None)
CONFLICT = Conflict("NO-ROOT", "there is no way to root", "sudo says no", ("ask", "or"), "docs")
FAULT = Finding("D9", "CRITICAL", "apt is broken", "half iF", "dpkg --configure -a")


@pytest.fixture
def printed(
    lines: dict[str, report.Line],
    at_end: list[Callable[..., None]],
    capsys: pytest.CaptureFixture[str],
) -> Callable[[], list[str]]:
    """Ends the run and gives the lines of what it has printed."""

    def call() -> list[str]:
        (end,) = at_end
        end()
        return capsys.readouterr().err.splitlines()

    return call


def registered(name: str = "gpu1") -> Any:
    """A host that has its line in the report."""
    run = a_run.ARun(a_host.bare())
    host: Any = SimpleNamespace(name=name)
    run.prepared(lambda: report.register(host))
    return host


def header(said: list[str]) -> list[str]:
    """The table's columns."""
    (row,) = [line for line in said if "host" in line and "verdict" in line and "┃" in line]
    return [cell.strip() for cell in row.split("┃")[1:-1]]


def given(host: Any, state: HostState, of: Plan, level: str = "OK", *found: Finding) -> None:
    report.judged(host, state, of, level, "none (no GPU)", found, None)


@pytest.mark.parametrize(
    ("of", "more", "columns"),
    [
        (plan(), {}, ["CUDA", "cuDNN", "torch"]),
        (NO_TORCH, ENGINES, ["engine", "toolkit"]),
        (plan(), ENGINES, ["engine", "toolkit", "CUDA", "cuDNN", "torch"]),
        (replace(plan(), cuda=None, cudnn=None), ENGINES, ["engine", "toolkit", "torch"]),
    ],
    ids=["GPU host", "container host", "container host with all", "container host with torch"],
)
def test_columns_are_those_of_the_kind_of_host(
    printed: Callable[[], list[str]], of: Plan, more: dict[str, str], columns: list[str]
) -> None:
    report.planned(registered(), a_host.done(), of, more)
    assert header(printed()) == ["host", "GPUs", "driver", "next boot", *columns, "verdict"]


def test_hosts_of_both_kinds_stand_in_one_table_with_a_dash_for_what_is_not_theirs(
    printed: Callable[[], list[str]],
) -> None:
    report.planned(registered("bare"), a_host.done(), plan())
    report.planned(registered("containers"), a_host.done(), NO_TORCH, ENGINES)
    said = printed()
    assert header(said)[4:6] == ["engine", "toolkit"]
    (bare,) = [line for line in said if line.startswith("│ bare")]
    (other,) = [line for line in said if line.startswith("│ containers")]
    assert [cell.strip() for cell in bare.split("│")][5] == "–"
    assert [cell.strip() for cell in other.split("│")][7] == "–"


def test_host_that_the_run_did_not_reach_says_so(printed: Callable[[], list[str]]) -> None:
    registered()
    said = printed()
    assert "gpu1: verdict UNKNOWN, proof: none (the run did not get there)" in said


@pytest.mark.parametrize("verdict", ["UNFINISHED", "FAILED"])
def test_run_that_was_cut_off_tells_what_was_seen_last(
    printed: Callable[[], list[str]], verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = ARun(a_host.bare())
    run.prepared(lambda: report.register(run.host))
    state = run.prepared(host_state)
    report.planned(run.host, state, plan())
    run.answers[HostProbe] = a_host.done()
    invalidate(run.host)
    run.prepared(host_state)
    invalidate(run.host)  # as a command does that is under way when the run ends
    report._lines[NAME].verdict = verdict
    (row,) = [line for line in printed() if line.startswith(f"│ {NAME} ")]
    seen = report.versions(a_host.done(), plan())["driver"].split("\n")[0].split(",")[0]
    assert seen != "none"
    assert seen in row


def test_planned_host_says_that_nothing_was_run(printed: Callable[[], list[str]]) -> None:
    report.planned(registered(), a_host.bare(), plan())
    said = printed()
    assert "gpu1: verdict PLANNED, proof: none (nothing was run)" in said
    assert any(line.strip().startswith("DRIVER-EOL: ") for line in said), "notices of the plan"


def test_part_that_was_never_tried_is_named_before_a_run_and_not_after_it(
    printed: Callable[[], list[str]], lines: dict[str, report.Line]
) -> None:
    said = Notice("PART-UNTRIED", "never: torch", "why", "look first", "support.yaml")
    untried = replace(plan(), notices=(*plan().notices, said))
    host = registered()
    report.planned(host, a_host.bare(), untried)
    before = lines["gpu1"].notes
    assert "PART-UNTRIED: never: torch look first" in before
    report.judged(host, a_host.done(), untried, "OK", "none", (), None)
    assert lines["gpu1"].notes == [n for n in before if not n.startswith("PART-UNTRIED")]


def test_refused_host_names_its_conflicts_and_the_first_remedy(
    printed: Callable[[], list[str]],
) -> None:
    report.refused(registered(), (CONFLICT,))
    said = printed()
    assert "gpu1: verdict REFUSED, proof: none (nothing was changed)" in said
    assert "  NO-ROOT: there is no way to root Do: ask" in said


def test_finding_is_said_with_what_was_seen_what_to_do_and_what_that_interrupts(
    printed: Callable[[], list[str]],
) -> None:
    given(registered(), a_host.done(), plan(), "CRITICAL", FAULT)
    said = "\n".join(printed())
    assert "gpu1: verdict CRITICAL, proof: none (no GPU)" in said
    flat = " ".join(said.split())
    assert "D9 (CRITICAL): apt is broken; half iF. dpkg --configure -a (interrupts nothing)" in flat


def test_host_that_is_judged_twice_says_a_thing_once(lines: dict[str, report.Line]) -> None:
    host = registered()
    given(host, a_host.done(), plan(), "CRITICAL", FAULT)
    given(host, a_host.done(), plan(), "OK", FAULT)
    assert (lines["gpu1"].verdict, len(lines["gpu1"].notes)) == ("OK", 1)


def test_torch_that_was_imported_is_named_with_its_own_libraries(
    lines: dict[str, report.Line],
) -> None:
    note = TorchImport(version="2.9.1+cu128", cuda="12.8", cudnn="9.10", checked="today")
    report.judged(registered(), a_host.done(), plan(), "OK", "none (x)", (), note)
    line = lines["gpu1"]
    assert line.versions["torch"] == "2.9.1+cu128\nCUDA 12.8, cuDNN 9.10"
    assert line.notes[0].startswith("torch was imported at today")


def test_gpus_are_counted_by_model() -> None:
    assert report.gpus(a_host.done(), plan()) == "2 × h100"
    assert report.gpus(a_host.done(), replace(plan(), gpus=())) == "none"


def test_versions_are_what_is_there_and_none_where_nothing_is() -> None:
    done, bare = report.versions(a_host.done(), plan()), report.versions(a_host.bare(), plan())
    assert done["driver"] == DRIVER
    assert (done["next boot"], done["cuDNN"]) == (f"{KERNEL}\nmodule ready", "8.9.6")
    assert done["torch"] == "2.9.1"
    assert bare["next boot"] == f"{KERNEL}\nNO module"
    assert [bare[part] for part in ("driver", "CUDA", "cuDNN", "torch")] == ["none"] * 4


def test_loaded_driver_stands_beside_the_one_that_lies_there() -> None:
    state = a_host.done()
    loaded = replace(state, driver=replace(state.driver, loaded="535.1.2"))
    assert report.versions(loaded, plan())["driver"] == f"{DRIVER}, loaded 535.1.2"


def test_jetson_is_told_by_its_own_releases() -> None:
    state = board()
    seen = report.versions(state, planned(state))
    assert (seen["driver"], seen["next boot"]) == ("Jetson Linux 36.4.7", "JetPack 6.2.1")
    assert (seen["CUDA"], seen["cuDNN"]) == ("12.6.11", "9.3.0")

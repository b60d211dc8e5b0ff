"""The repair's round on one host: what a look shows is acted on, until nothing is left to do.

The host is a value that each act changes. That acts work on real hosts is shown in ``tests/hosts``.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from tasks.health.case import Case
from tasks.hostdata.repair import Reboot
from tasks.repair import records, work
from tasks.repair.repair_plan import Act, chart
from tasks.repair.work import DONE, Repair
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, driver, manager
from tests.unit.tasks.repair.test_repair_plan import NO_MODULE, NOUVEAU, OLD_LOADED

Change = Callable[[Case], Case]


class Ward(Repair):
    """A repair of a host that is a value; ``effects`` say what an act does to it."""

    effects: dict[tuple[str, str], Case | str]

    def __init__(self, patient: Case, effects: dict[tuple[str, str], Any], reboot: Reboot) -> None:
        host = cast(Host, SimpleNamespace(print_prefix="[h] ", data={}))
        super().__init__(host, reboot, 1)
        self.now, self.effects = patient, effects
        self.ways: list[tuple[str, str]] = []

    def _how(self, act: Act) -> str:
        way = (act.codes[0], act.method)
        self.ways.append(way)
        effect = self.effects.get(way, self.now)
        if isinstance(effect, Exception):
            raise effect
        if isinstance(effect, str):
            return effect
        self.now = effect
        return DONE


@pytest.fixture
def notes(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is recorded; the host is reached by nothing."""
    written: list[dict[str, Any]] = []

    def ran(host: Host, script: str, timeout: int) -> tuple[bool, str]:
        written.append({"run": script})
        return True, ""

    monkeypatch.setattr(work, "invalidate", lambda host: None)
    monkeypatch.setattr(work, "say", lambda host, text: None)
    monkeypatch.setattr(work, "run", ran)
    monkeypatch.setattr(
        records, "note", lambda host, event, **values: written.append({"event": event, **values})
    )
    return written


def carried_out(
    monkeypatch: pytest.MonkeyPatch,
    patient: Case,
    effects: dict[tuple[str, str], Any],
    reboot: Reboot = "never",
) -> Ward:
    ward = Ward(patient, effects, reboot)
    ward.expected = frozenset(
        left.code for left in chart(patient, work.diagnose(patient), reboot).left
    )
    monkeypatch.setattr(work, "examined", lambda host: (ward.now, None))
    ward.carried_out()
    return ward


def test_healthy_host_is_not_touched(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    ward = carried_out(monkeypatch, case(), {})
    assert (ward.ways, ward.level, ward.well) == ([], "OK", True)


def test_what_shows_only_after_an_act_is_fixed_in_the_same_run(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    unloaded = case(**driver(loaded="", loaded_modules=()))
    no_uvm = case(**driver(loaded_modules=("nvidia",)))
    ward = carried_out(
        monkeypatch,
        case(**a_patient.kernels(headers=True), **NO_MODULE),
        {
            ("D1", "command"): unloaded,
            ("NOT-LOADED", "command"): no_uvm,
            ("D25", "command"): case(),
        },
    )
    assert ward.ways == [("D1", "command"), ("NOT-LOADED", "command"), ("D25", "command")]
    assert (ward.level, ward.as_foreseen) == ("OK", True)
    assert [n["event"] for n in notes if "event" in n] == ["begun", "act", "act", "act", "ended"]


def test_act_that_does_not_help_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    ward = carried_out(monkeypatch, case(**manager(half_configured=("half iF",))), {})
    assert ward.ways == [("D9", "command")]
    assert (ward.level, ward.well, ward.as_foreseen) == ("CRITICAL", False, False)
    assert "it is still there" in ward.repair_plan.left[0].why[0]


def test_reload_that_is_refused_becomes_a_reboot_where_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    in_use = {("D14", "reload"): "refused: the GPU is in use by 7 python"}
    allowed = carried_out(
        monkeypatch, case(**OLD_LOADED), {**in_use, ("D14", "reboot"): case()}, "if-needed"
    )
    assert (allowed.ways[-1], allowed.well) == (("D14", "reboot"), True)
    never = carried_out(monkeypatch, case(**OLD_LOADED), in_use)
    assert (never.ways, never.well) == ([("D14", "reload")], False)


def test_nouveaus_host_goes_on_after_its_reboot(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    patient = case(**NOUVEAU)
    listed = replace(patient.state.nouveau, blacklisted_in=("/etc/modprobe.d/gpuwright.conf",))
    quiet = replace(patient, state=replace(patient.state, nouveau=listed))
    booted = case(**driver(loaded="", loaded_modules=()))
    ward = carried_out(
        monkeypatch,
        patient,
        {
            ("D8", "nouveau"): quiet,
            ("D8", "release"): "failed: Module nouveau is in use",
            ("D8", "reboot"): booted,
            ("NOT-LOADED", "command"): case(),
        },
        "if-needed",
    )
    assert [way for _, way in ward.ways] == ["nouveau", "release", "reboot", "command"]
    assert ward.well


def test_host_that_does_not_come_back_is_unknown(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    ward = carried_out(
        monkeypatch,
        case(**OLD_LOADED),
        {
            ("D14", "reload"): "refused: the GPU is in use by 7 python",
            ("D14", "reboot"): PyinfraError("not back after 1 s (no answer)"),
        },
        "if-needed",
    )
    assert (ward.level, ward.well, ward.as_foreseen) == ("UNKNOWN", False, False)
    assert "not back" in ward.lost


def test_fault_that_comes_up_on_the_way_and_stays_is_not_as_foreseen(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    signed = case(secure_boot=True, **driver(loaded="", loaded_modules=()))
    known = carried_out(monkeypatch, signed, {})
    assert (known.ways, known.well, known.as_foreseen) == ([], False, True)
    built = carried_out(
        monkeypatch,
        case(secure_boot=True, **a_patient.kernels(headers=True), **NO_MODULE),
        {("D1", "command"): signed},
    )
    assert (built.well, built.as_foreseen) == (False, False)


def test_what_was_held_is_held_again(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    state = a_patient.state()
    held = tuple(state.package_manager.holds)
    assert held
    ill = case(**manager(half_configured=("half iF",)))
    ward = carried_out(monkeypatch, ill, {("D9", "command"): case(**manager(holds=held[1:]))})
    assert ward.well
    assert {"run": f"apt-mark hold {held[0]} >/dev/null"} in notes


def test_record_is_one_line_of_json_with_time_and_tool() -> None:
    line = records.line("act", codes=("D1",), result="done")
    data = json.loads(line)
    assert "\n" not in line
    assert (data["event"], data["codes"], data["result"]) == ("act", ["D1"], "done")
    assert data["time"].endswith("Z")
    assert data["tool"].startswith("gpuwright ")


def test_repair_that_breaks_ends_with_the_reason_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch, notes: list[dict[str, Any]]
) -> None:
    ward = carried_out(
        monkeypatch, case(**OLD_LOADED), {("D14", "reload"): KeyError("x")}, "if-needed"
    )
    assert (ward.level, ward.well) == ("UNKNOWN", False)
    assert "internal error, KeyError: 'x'" in ward.lost

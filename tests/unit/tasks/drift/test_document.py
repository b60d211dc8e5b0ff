"""The report on ten hosts with planted drift: each planted difference, no other; and its schema."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tasks.drift import document
from tasks.drift.document import made
from tasks.drift.reading import Component, Reading
from tests.unit.tasks.drift import a_fleet
from tests.unit.tasks.drift.a_fleet import NEW, NOW, OLD, PLANTED, alike, host, planted, report

SCHEMA: dict[str, Any] = json.loads(Path("tasks/drift/report.schema.json").read_text())


def errors(data: Any) -> list[str]:
    """What the schema says against it."""
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(data)]


def test_every_planted_difference_is_told_and_no_other() -> None:
    found = {(d.host, d.component, d.against) for d in report().differences}
    assert found == PLANTED


def test_each_difference_has_a_command_that_fixes_it_or_adopts_it() -> None:
    for difference in report().differences:
        assert difference.fix.startswith(("pyinfra inventories/lab.py deploys/", "ssh "))
        assert f"{difference.host}" in difference.fix


def test_change_is_told_with_when_and_by_whom() -> None:
    (change,) = (c for c in report().changes if c.host == "gpu07")
    assert (change.before, change.after) == (OLD, NEW)
    assert (change.since, change.moved_by) == ("2026-11-25T05:12:33Z", "unattended-upgrades")
    assert change.packages == ("libcuda1 580.95.05-1 → 580.105.08-1",)


def test_hosts_stand_worst_first_and_are_counted() -> None:
    found = report()
    assert [r.host for r in found.readings[:5]] == ["gpu02", "gpu08", "gpu03", "gpu05", "gpu07"]
    assert found.counts == {"CRITICAL": 1, "UNKNOWN": 1, "WARN": 1, "OK": 7}


def test_schema_is_one_and_the_report_is_as_it_says() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert errors(document.data(report())) == []
    assert errors(document.data(made([], {}, NOW))) == []
    empty = [Reading("x", answered=False, why="it could not be reached")]
    assert errors(document.data(made(empty, {}, NOW))) == []


@pytest.mark.parametrize(
    "wrong",
    [{"schema": "other"}, {"status": 4}, {"hosts": []}, {"made_at": "today"}, {"verdict": "GOOD"}],
)
def test_schema_refuses_what_is_no_report(wrong: dict[str, Any]) -> None:
    assert errors({**document.data(report()), **wrong})


def test_schema_describes_every_key_of_a_host_that_is_written() -> None:
    told = {key for data in document.data(report())["hosts"].values() for key in data}
    assert told <= set(SCHEMA["$defs"]["host"]["properties"])


DIFFERS = replace(
    host("c"), components={**a_fleet.COMPONENTS, "driver": Component(NEW, OLD, False)}
)


@pytest.mark.parametrize(
    ("last", "status"),
    [
        (host("c"), document.SAME),
        (DIFFERS, document.DIFFERS),
        (replace(host("c"), verdict="WARN"), document.DIFFERS),
        (replace(host("c"), verdict="CRITICAL"), document.CRITICAL),
        (replace(host("c"), verdict="UNKNOWN", answered=False), document.UNKNOWN),
    ],
)
def test_status_is_that_of_the_worst_host(last: Reading, status: int) -> None:
    assert made([*alike("ab"), last], {}, NOW).status == status


def test_critical_counts_before_unknown() -> None:
    both = [replace(host("a"), verdict="CRITICAL"), replace(host("b"), verdict="UNKNOWN")]
    assert made(both, {}, NOW).status == document.CRITICAL


def test_report_on_nobody_is_unknown() -> None:
    assert made([], {}, NOW).status == document.UNKNOWN


def test_order_of_answers_does_not_matter() -> None:
    readings, earlier = planted()
    forth, back = (made(some, earlier, NOW) for some in (readings, readings[::-1]))
    assert document.data(forth) == document.data(back)

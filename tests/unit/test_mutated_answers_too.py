"""The same as `test_mutated_answers` for facts of acceptance, removal, repair, mirrors and bundles.

And no fact is left out: each of ours is fed here or there.
"""

from __future__ import annotations

import importlib
import json
import pkgutil

import pytest
from pyinfra.api import FactBase, FactProcessError, ShortFactBase

import facts
from facts.acceptance_note import AcceptanceNote
from facts.archives import ArchiveAnswers
from facts.burn_in import BurnInResult
from facts.closure import PackageClosure
from facts.dcgm import DcgmDiagnosis
from facts.device_health import DeviceHealth
from facts.gpu_owners import GpuOwners
from facts.host_users import HostUsers
from facts.measurements import SpeedMeasurements
from facts.mirrors import MirrorReadings
from facts.outlook import PackageOutlook
from facts.past import HostPast
from facts.removal import Removal
from tests.unit import test_mutated_answers
from tests.unit.facts import test_closure
from tests.unit.facts.parse import test_dcgm, test_mirrors, test_outlook, test_past, test_removal
from tests.unit.tasks.acceptance import a_burn_in, a_measurement, a_subject
from tests.unit.test_mutated_answers import judge_damaged, of


def archives() -> ArchiveAnswers:
    fact = ArchiveAnswers()
    fact.command((("/x", "http://a.example/", "bookworm"), ("/x", "http://b.example/", "./")))
    return fact


def mirrors() -> MirrorReadings:
    fact = MirrorReadings()
    fact.command(count=2)
    return fact


def dcgm(said: object) -> list[str]:
    """DCGM's answer, as the tool that asks it gives it on."""
    lines = json.dumps(said, indent=1).splitlines()
    return [*lines, "##gpuwright-exit 0"]


BURNT = ["##gpuwright-probe 1 N", "##N burn_in", "##N @unit", "active", "##N @result"]
BURNT += [*a_burn_in.text(count=2).splitlines(), "##N end"]
NOTE = ["##gpuwright-note", '{"verdict": "OK", "checks": {"a": 1}}', "##gpuwright-note-end"]
REMOVAL = {
    "engines": {"containers": "ws|running|alice", "image_record": '{"history": ["a"]}'},
    "units": {"running": "gpuwright-burn-in.service"},
    "pending": {"groups": "root", "users": "root", "packages": "bash 5.2", "manual": "bash"},
    "now": {**test_removal.NOW, "needed": "a-1-1.noarch|b", "keys": "eea7a669"},
}
ARCHIVES = ["##gpuwright-probe 1 N", "##N asked", "##N archive 0", "##N @release"]
ARCHIVES += ["Origin: Debian", "Components: main contrib", "##N archive 1"]
ARCHIVES += ["##N !archive1 401  Unauthorized [IP: 192.0.2.1 80]", "##N end"]
MIRRORS = test_mirrors.answer(
    *("# mirror 0", "# @index", "120|0|200|0.1|0.2|text/html; charset=utf-8|http://m/a|b"),
    *("# @index_look", "html", "# @link", "found", "# @measured", "t.whl", "# @bytes"),
    *("1000|56|206|0.5|2|application/zip|http://m/t.whl", "curl: (56) reset", "# @bytes_look"),
    *("# mirror 1", "# @index", "0|28|0|0|0||", "# end"),
)
PAST = test_past.answer(
    zone="+0100",
    apt=test_past.APT,
    dpkg=test_past.DPKG,
    dnf=test_past.RPM,
    dnf_commands=test_past.COMMANDS,
    verify='{"version": 1, "verdict": "OK"}',
)
HEALTH = a_subject.output(
    a_subject.cards(2),
    samples=[a_subject.sample(f"0000{a_subject.ADDRESSES[0]}", "sw_power_cap")],
    selftest=a_subject.selftest(2),
)
READERS = {
    "acceptance note": of(AcceptanceNote(), NOTE),
    "archives": of(archives(), ARCHIVES),
    "burn-in": of(BurnInResult(), BURNT),
    "closure": of(PackageClosure(), test_closure.SAID.splitlines()),
    "dcgm": of(DcgmDiagnosis(), dcgm(test_dcgm.OLD), dcgm(test_dcgm.NEW)),
    "device health": of(DeviceHealth(), HEALTH),
    "gpu owners": of(GpuOwners(), ["7|alice||python3", "##gpuwright-gpu-owners-end"]),
    "host users": of(HostUsers(), ["ana is logged in (pts/0: bash)", "##gpuwright-host-users-end"]),
    "measurements": of(
        SpeedMeasurements(), [*a_measurement.printed(a_measurement.rows(2)), "##gpuwright-exit 0"]
    ),
    "mirrors": of(mirrors(), MIRRORS),
    "outlook": of(PackageOutlook(), test_outlook.SAID.splitlines()),
    "past": of(HostPast(), PAST),
    "removal": of(Removal(), test_removal.said(**REMOVAL)),
}


@pytest.mark.parametrize("name", READERS)
def test_damaged_answer_is_read_or_refused_as_declared(name: str) -> None:
    judge_damaged(READERS[name])


@pytest.mark.parametrize("name", READERS)
def test_whole_answer_is_read(name: str) -> None:
    for answer in READERS[name].answers:
        READERS[name].read(list(answer))


@pytest.mark.parametrize("name", READERS)
def test_empty_answer_is_a_failure_with_a_reason(name: str) -> None:
    for nothing in ([], [""]):
        with pytest.raises(FactProcessError, match=r"\w+ .*\w"):
            READERS[name].read(nothing)


def test_every_fact_of_ours_is_fed_with_damaged_answers() -> None:
    ours = set()
    for module in pkgutil.iter_modules(facts.__path__, "facts."):
        for one in vars(importlib.import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, FactBase):
                ours |= {one} if one.__module__ == module.name else set()
    readers = (*READERS.values(), *test_mutated_answers.READERS.values())
    fed = {type(getattr(reader.read, "__self__", None)) for reader in readers}
    # Short facts show a part of what another one has read.
    assert {one for one in ours - fed if not issubclass(one, ShortFactBase)} == set()

"""The faults that can be made: their data, the command line, and the table of a test run."""

from __future__ import annotations

import subprocess

import pytest

from sandbox.__main__ import main
from sandbox.checkout import SandboxError
from sandbox.faults import catalog
from sandbox.faults.catalog import Fault
from tests.hosts import fault_table

FAULTS = list(catalog.faults().values())


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_scripts_are_shell(fault: Fault) -> None:
    for body in (fault.make, fault.undo):
        done = subprocess.run(
            ["sh", "-n"], input=catalog.script(body), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_way_back_is_the_repair_or_an_undo(fault: Fault) -> None:
    assert (fault.stops is None) == (not fault.undo)


def test_code_with_one_fault_names_it_and_another_asks_which() -> None:
    assert catalog.get("D19").id == "D19-firmware"
    with pytest.raises(SandboxError, match="D1-no-headers, D1-dangling-build"):
        catalog.get("D1")
    with pytest.raises(SandboxError, match=r"No faults are called 'D99'"):
        catalog.get("D99")


def test_list_of_faults_needs_no_host(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["break", "--list"]) == 0
    assert "DISK-FULL" in capsys.readouterr().out


def test_fault_without_a_host_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["break", "D19-firmware"]) == 1
    assert "Name a host and a fault" in capsys.readouterr().err


def test_table_shows_what_was_reached_and_what_was_not() -> None:
    fixed, left = catalog.get("D19-firmware"), catalog.get("D4-too-old")
    entries = [fault_table.entry(fixed, "container", step) for step in fault_table.STEPS]
    entries += [fault_table.entry(left, "container", step) for step in fault_table.STEPS[:3]]
    rows = {line.split()[1]: line.split()[3:] for line in fault_table.lines(entries)}
    assert rows["D19-firmware"] == ["yes", "yes", "yes", "yes"]
    assert rows["D4-too-old"] == ["yes", "stops", "yes", "–"]
    assert rows["D18-library"] == ["not", "reached"] * 4

"""What the doctor prints, and the page that is made from its data."""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.faults import catalog as made
from tasks.doctor import block
from tasks.faults.catalog import faults, xids
from tests.faults_page import page
from tests.unit.tasks import a_patient
from tests.unit.tasks.a_patient import case, driver, module


def test_page_is_made_from_the_data_of_today() -> None:
    assert Path("docs/faults.md").read_text() == page()


def test_every_code_of_the_diagnosis_has_a_row() -> None:
    wanted = [f"D{n}" for n in range(1, 29)] + [f"C{n}" for n in range(1, 9)]
    wanted += [f"J{n}" for n in range(1, 6)]
    assert set(wanted) <= set(faults())


def test_every_fault_that_tests_make_has_a_code_that_the_doctor_can_name() -> None:
    for fault in made.faults().values():
        assert fault.code in faults() and not faults()[fault.code].unnamed, fault.id


def test_no_xid_has_two_actions() -> None:
    listed = [x for action in xids().actions for x in action.xids] + list(xids().ignored)
    assert len(listed) == len(set(listed))


def test_block_of_a_healthy_host() -> None:
    patient = case(**driver(modules=(module(signer="DKMS key"),)))
    said = block.text("gpu1", patient, a_patient.answer(patient)).splitlines()
    assert said[0] == "gpu1: OK, nothing is wrong"
    assert "  driver: loaded 535.309.01, disk 535.309.01, libraries 535.309.01" in said
    assert "  Secure Boot: off" in said
    assert any("headers yes" in line and "signed by DKMS key" in line for line in said)
    assert any(line.startswith("  next_boot_ready: yes (kernel 6.1.0-56") for line in said)


def test_block_of_an_ill_host_says_what_was_seen_why_and_what_to_do() -> None:
    patient = case(**driver(loaded="535.288.01"))
    said = block.text("gpu1", patient, a_patient.answer(patient))
    assert "D14 CRITICAL: the loaded module and the libraries are of two versions" in said
    assert "seen:  loaded 535.288.01, on the disk 535.309.01, libraries 535.309.01" in said
    assert "cause: packages were upgraded under a running module" in said
    assert "needs: reload; interrupts programs that use the GPU" in said


def test_data_is_json_and_says_the_same() -> None:
    patient = case(**driver(loaded="535.288.01"))
    data = json.loads(json.dumps(block.data(patient, a_patient.answer(patient))))
    assert data["verdict"] == "CRITICAL"
    assert [f["code"] for f in data["findings"]] == ["D14"]
    assert data["findings"][0]["command"]
    assert data["next_boot_ready"]["ready"] is True

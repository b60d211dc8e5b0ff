"""The enrolment of DKMS's key: asked for once, its password told and kept from everybody else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.host import HostState
from tasks.driver import enrolment
from tests.unit.tasks import a_host
from tests.unit.tasks.a_key import key
from tests.unit.tasks.driver.test_signing_state import machine
from tests.unit.tasks.packages.test_apt import Machine
from tests.unit.tasks.sent import jobs, ran

MOKUTIL = """\
read -r one; read -r two
[ "$one" = "$two" ] || exit 1
echo "$one" >{folder}/typed
{asked}
"""


@pytest.fixture
def box(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    (tmp_path / "run").mkdir()
    return Machine(tmp_path)


def prepared(box: Machine, asked: str = "touch {folder}/MokNew") -> tuple[int, str]:
    """Run the job's script with a mokutil that reads what a person would type."""
    folder = str(box.folder)
    box.write("mokutil", MOKUTIL.replace("{asked}", asked).replace("{folder}", folder))
    script = enrolment.script(machine(key()), key())
    script = script.replace("/run/gpuwright", f"{folder}/run").replace(
        enrolment._ASKED, f"{folder}/MokNew"
    )
    done = box.run(f"set -eu\n{script}")
    return done.returncode, done.stdout + (done.stderr or "")


def test_password_is_typed_twice_and_kept_for_root_alone(box: Machine) -> None:
    code, said = prepared(box)
    assert code == 0, said
    kept = box.folder / "run/enrolment"
    word = kept.read_text().strip()
    assert re.fullmatch(rf"[{enrolment.LETTERS}]{{{enrolment.LENGTH}}}", word)
    assert (box.folder / "typed").read_text().strip() == word
    assert kept.stat().st_mode & 0o777 == 0o600
    assert word not in said


def test_two_requests_have_two_passwords(box: Machine) -> None:
    prepared(box)
    first = (box.folder / "typed").read_text()
    prepared(box)
    assert (box.folder / "typed").read_text() != first


def test_mokutil_that_leaves_no_request_fails_the_step_and_no_password_is_told(
    box: Machine,
) -> None:
    code, said = prepared(box, asked="echo 'EFI variables are not supported'")
    assert code == 1 and "left no request" in said
    assert not (box.folder / "run/enrolment").exists()


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], bool]]:
    """What is left to be said at the end of the run."""
    left: list[Callable[[], bool]] = []
    monkeypatch.setattr(enrolment.ending, "at_end", left.append)
    return left


def changes(state: HostState) -> dict[str, str]:
    return jobs(ran(enrolment.prepared, state, plan=a_host.plan()))


def test_key_that_is_to_be_enrolled_is_asked_for() -> None:
    script = changes(machine(key()))["enrolment"]
    assert "mokutil --import /var/lib/dkms/mok.pub" in script


@pytest.mark.parametrize(
    "state",
    [
        machine(key(enrolled=True)),
        machine(key(pending=True)),
        machine(key(mode=0o644)),
        machine(key(), secure_boot=False),
        machine(key(), shim=False),
        machine(key(), signer="Canonical Ltd. Kernel Module Signing"),
    ],
)
def test_host_that_needs_no_enrolment_or_has_asked_is_left_alone(state: HostState) -> None:
    assert ran(enrolment.prepared, state, plan=a_host.plan()).changes == []


def test_run_that_finds_a_request_tells_at_its_end_what_to_do(
    told: list[Callable[[], bool]], capsys: pytest.CaptureFixture[str]
) -> None:
    ran(enrolment.prepared, machine(key(pending=True)), plan=a_host.plan())
    assert [say() for say in told] == [True]
    assert "Press any key to perform MOK management" in capsys.readouterr().err


def test_dry_run_foresees_the_enrolment_of_a_key_that_is_yet_to_be_made() -> None:
    bare = machine()
    bare = replace(bare, driver=replace(bare.driver, modules=()))
    assert ran(enrolment.prepared, bare, plan=a_host.plan()).changes
    assert not ran(enrolment.prepared, replace(bare, secure_boot=False), plan=a_host.plan()).changes


def test_person_is_told_each_screen_and_the_password() -> None:
    said = "\n".join(enrolment.console_words("gpu1", key(), "bcdfghjknp"))
    screens = ["Press any key", "Enroll MOK", "Continue", "Enroll the key(s)?", "Yes", "Password:"]
    at = [said.index(words) for words in screens]
    assert at == sorted(at)
    assert "type bcdfghjknp" in said and "Reboot" in said[at[-1] :]


def test_password_that_is_lost_leads_to_a_new_request() -> None:
    said = "\n".join(enrolment.console_words("gpu1", key(), ""))
    assert "mokutil --revoke-import" in said

"""Whether a reboot is needed and what stands against it, for every kind that a verdict names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from stacks.model.kernels import KernelPlan
from tasks.doctor.tree import diagnose
from tasks.faults.catalog import faults
from tasks.health.case import Case
from tasks.health.naming import Named
from tasks.hostdata.repair import Reboot
from tasks.reboot import decision, operations
from tasks.steps.record import Reboots
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_patient import OLD_KERNEL, case, driver
from tests.unit.tasks.jetson.test_state import board
from tests.unit.tasks.repair.test_repair_plan import NOUVEAU, OLD_LOADED

FALLEN = {"kernel_log": ("NVRM: GPU 0000:17:00.0: GPU has fallen off the bus.",)}
LISTED = {
    **NOUVEAU,
    "nouveau": replace(NOUVEAU["nouveau"], blacklisted_in=("/etc/modprobe.d/gpuwright.conf",)),
}


def ours(patient: Case, left: str = "") -> Case:
    """The patient with the plan of its host; ``left``: a kernel that gets no module."""
    plan = a_host.plan()
    assert plan.driver is not None
    kernels = KernelPlan(left={left: "its headers are gone"} if left else {})
    return replace(patient, plan=replace(plan, driver=replace(plan.driver, kernels=kernels)))


def on_old_kernel(gone: bool = False) -> Case:
    """It runs a kernel that has no module, and that is there no more where it is ``gone``."""
    known = a_patient.state().kernels
    old = replace(known.installed[0], release=OLD_KERNEL, headers=False)
    kernels = replace(
        known, running=OLD_KERNEL, installed=known.installed if gone else (*known.installed, old)
    )
    return case(kernels=kernels, **driver(loaded="", loaded_modules=()))


def needs(patient: Case) -> list[str]:
    """The codes of what only a reboot fixes."""
    return [f.code for f in decision.needs(patient, diagnose(patient))]


def against(patient: Case, policy: Reboot) -> str:
    """What stands against it."""
    return "; ".join(decision.against(patient, diagnose(patient), policy))


@pytest.mark.parametrize(
    ("patient", "codes"),
    [
        (ours(case()), []),
        (ours(case(**OLD_LOADED)), ["D14", "REBOOT-NEEDED"]),
        (ours(case(**LISTED)), ["D8"]),
        (ours(on_old_kernel(), OLD_KERNEL), ["REBOOT-NEEDED"]),
        (ours(on_old_kernel(gone=True)), ["D7"]),
        (ours(case(FALLEN)), ["D22"]),
        (ours(case(**driver(loaded="", loaded_modules=()))), []),
        (ours(case(secure_boot=True, **driver(loaded="", loaded_modules=()))), []),
    ],
    ids=[
        *("well", "old module in use", "nouveau", "kernel that is left", "kernel that is gone"),
        *("GPU off the bus", "can be loaded now", "Secure Boot's key"),
    ],
)
def test_reboot_is_needed_where_the_verdict_asks_for_one(patient: Case, codes: list[str]) -> None:
    assert needs(patient) == codes


def test_every_finding_that_a_verdict_calls_a_reboot_is_one() -> None:
    """By the faults' own rows: what the repair reboots for at last, once the rest was tried."""
    at_last = {code for code, row in faults().items() if row.repair[-1:] == ("reboot",)}
    # Their command has to do its part first, which only the repair carries out.
    assert at_last - {"D2", "D19"} == {"D7", "D8", "D14", "D27", "D22"}


def test_module_in_the_initramfs_that_is_of_another_version_makes_no_reboot() -> None:
    """What boots next would bring it back: D16 breaks the next boot until it is rebuilt."""
    assert "boot" in faults()["D16"].breaks


@pytest.mark.parametrize("policy", ["if-needed", "now"])
def test_nothing_stands_against_a_reboot_into_a_ready_kernel(policy: Reboot) -> None:
    for patient in (case(**OLD_LOADED), case(**LISTED), on_old_kernel(gone=True)):
        assert against(patient, policy) == ""


def test_host_data_that_say_nothing_stand_against_it_and_name_the_way() -> None:
    assert "--data reboot=if-needed" in against(case(**OLD_LOADED), "never")


@pytest.mark.parametrize("policy", ["if-needed", "now"])
def test_next_boot_without_the_driver_stands_against_it(policy: Reboot) -> None:
    """A GPU that works must not be lost; ``now`` is no wish for that either."""
    modules = {"modules": (), "loaded": "535.183.01"}
    assert "would not bring the GPU back" in against(case(**driver(**modules)), policy)


@pytest.mark.parametrize("code", sorted(operations._AFTERWARDS))
def test_what_the_steps_after_it_mend_does_not_stand_against_it(code: str) -> None:
    """A daemon that a driver's move left failed: it is enabled and started after the reboot."""
    patient = case(**OLD_LOADED)
    answer = diagnose(patient)
    daemon = Named(
        code, "CRITICAL", "it is down", "failed", "start it", "nothing", breaks=("boot",)
    )
    broken = replace(
        answer,
        findings=(*answer.findings, daemon),
        next_boot=replace(answer.next_boot, ready=False),
    )
    assert decision.against(patient, broken, "if-needed")
    assert not decision.against(patient, broken, "if-needed", operations._AFTERWARDS)


def test_nouveau_that_is_not_kept_off_would_be_back() -> None:
    assert "D8" in against(case(**NOUVEAU), "if-needed")


def test_container_and_jetson_are_never_rebooted() -> None:
    inside = case(**OLD_LOADED)
    jailed = replace(inside.state, system=replace(inside.state.system, container="docker"))
    assert "host's kernel" in against(replace(inside, state=jailed), "now")
    assert "boot chain" in against(Case(board()), "now")


def booted(state: HostState, boot: str) -> HostState:
    """The host in this boot."""
    return replace(state, system=replace(state.system, boot_id=boot))


@pytest.mark.parametrize(
    ("boot", "causes", "left"),
    [
        ("now", ("D22",), []),
        ("before", ("D22",), ["D22"]),
        ("now", ("D8",), ["D22"]),
        ("", (), ["D22"]),
    ],
    ids=["did not help", "another boot", "another cause", "never"],
)
def test_reboot_that_did_not_help_is_not_made_again(
    boot: str, causes: tuple[str, ...], left: list[str]
) -> None:
    patient = ours(case(FALLEN))
    patient = replace(patient, state=booted(patient.state, "now"))
    found = decision.needs(patient, diagnose(patient))
    noted = Reboots(boot=boot, causes=causes)
    assert [f.code for f in decision.new(found, patient, noted)] == left


def test_driver_that_moved_again_in_the_same_boot_is_another_cause() -> None:
    patient = ours(case(**OLD_LOADED))
    patient = replace(patient, state=booted(patient.state, "now"))
    found = decision.needs(patient, diagnose(patient))
    earlier = Reboots(boot="now", causes=tuple(f"{f.code}: loaded 1, now 2" for f in found))
    assert decision.new(found, patient, earlier) == found
    same = Reboots(boot="now", causes=tuple(map(decision.key, found)))
    assert decision.new(found, patient, same) == ()


def test_whoever_uses_the_host_is_named() -> None:
    assert decision.in_use([]) == ""
    assert "could not be seen" in decision.in_use(None)
    people = [f"user{n} is logged in (pts/{n}: bash)" for n in range(10)]
    said = decision.in_use(people)
    assert people[0] in said and people[7] in said and said.endswith("and 2 more")

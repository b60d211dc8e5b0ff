"""The doctor names exactly the root of each fault, on values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.evidence_model import (
    Holder,
    Smi,
)
from tasks.faults.catalog import faults
from tasks.health.case import Case
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_host import DRIVER, KERNEL
from tests.unit.tasks.a_patient import OLD_KERNEL, case, codes, driver, kernels, module
from tests.unit.tasks.ill_hosts import (
    DOCKER,
    ILL,
    NO_MODULE,
    SPEC,
    TOOLKIT,
    docker,
    engine,
    logged,
    packages,
)


def test_healthy_machine_has_no_fault_and_is_ready() -> None:
    answer = a_patient.answer(case())
    assert answer.findings == ()
    assert (answer.level, answer.next_boot.ready, answer.next_container.ready) == ("OK", True, None)


@pytest.mark.parametrize(
    ("code", "patient"),
    [pytest.param(c, p, id=f"{c}-{i}") for c, ps in ILL.items() for i, p in enumerate(ps)],
)
def test_exactly_the_root_is_named(code: str, patient: Case) -> None:
    assert codes(patient) == [code]


def test_every_code_that_a_rule_can_name_is_tested_here_and_no_other() -> None:
    named = {code for code, row in faults().items() if row.unnamed is None}
    assert set(ILL) == named


def test_followers_are_codes_that_exist() -> None:
    ours = set(faults()) | {"NEXT-BOOT", "FM-VERSION", "STRAY-SETTING"}
    for row in faults().values():
        assert {*row.hides, *row.hides_running} <= ours


@pytest.mark.parametrize("code", list(ILL))
def test_command_has_no_brace_left(code: str) -> None:
    for patient in ILL[code]:
        for finding in a_patient.answer(patient).findings:
            left = finding.command.replace("${Package}", "")
            assert "{" not in left + finding.remedy, finding.command


def test_reboot_fixes_an_outlived_module_but_not_half_a_driver() -> None:
    assert a_patient.answer(ILL["D14"][0]).next_boot.ready is True
    assert a_patient.answer(ILL["D15"][0]).next_boot.ready is False


def test_fault_of_another_kernel_warns_and_leaves_the_next_boot_ready() -> None:
    known = a_patient.state().kernels
    other = replace(known.installed[0], release=OLD_KERNEL, headers=False)
    patient = case(kernels=replace(known, installed=(*known.installed, other)))
    answer = a_patient.answer(patient)
    assert [(f.code, f.level) for f in answer.findings] == [("D1", "WARN")]
    assert answer.next_boot.ready is True


def test_other_kernels_fault_does_not_hide_the_running_ones() -> None:
    known = a_patient.state().kernels
    other = replace(known.installed[0], release=OLD_KERNEL, headers=False)
    patient = case(
        kernels=replace(known, installed=(*known.installed, other)), **driver(loaded="535.288.01")
    )
    assert codes(patient) == ["D14", "D1"]


def test_new_kernel_without_headers_shows_before_the_reboot() -> None:
    known = a_patient.state().kernels
    new = replace(known.installed[0], release="6.1.0-60-cloud-amd64", headers=False)
    patient = case(kernels=replace(known, installed=(*known.installed, new), next_boot=new.release))
    answer = a_patient.answer(patient)
    assert [(f.code, f.level) for f in answer.findings] == [("D1", "CRITICAL")]
    assert answer.next_boot.ready is False
    assert "6.1.0-60-cloud-amd64" in answer.next_boot.why


def test_those_who_use_the_gpu_are_named_where_they_would_be_interrupted() -> None:
    users = (Holder(42, "python", "trainer"), Holder(43, "jupyter", None))
    answer = a_patient.answer(case({"holders": users}, **driver(loaded="535.288.01")))
    assert answer.findings[0].interrupts == (
        "programs that use the GPU: now python 42 in container trainer, jupyter 43"
    )


@pytest.mark.parametrize(
    ("version", "settings"), [("26.1.5", '{"features": {"cdi": true}}'), ("28.2.2", "{}")]
)
def test_docker_that_takes_cdi_names_needs_no_runtime(version: str, settings: str) -> None:
    patient = engine(docker="/usr/bin/docker", daemon_json=settings, cdi=SPEC)
    assert codes(case(patient, **packages(TOOLKIT, docker(version)))) == []


def test_host_with_docker_and_no_driver_is_ready_for_nothing() -> None:
    bare = case(engine(**DOCKER), packages={}, pci=(), **driver(modules=(), libraries=()))
    answer = a_patient.answer(bare)
    assert (answer.next_boot.ready, answer.next_container.ready) == (False, False)


def test_firmware_of_a_stray_version_is_not_asked_for() -> None:
    open_one = module(version="535.288.01", license="Dual MIT/GPL")
    stray = replace(open_one, path=f"/lib/modules/{KERNEL}/kernel/nvidia.ko")
    assert codes(case({"gsp_firmware": (DRIVER,)}, **driver(modules=(open_one,)))) == ["D15"]
    both = case({"gsp_firmware": (DRIVER,)}, **driver(modules=(module(), stray)))
    (found,) = a_patient.answer(both).findings
    assert (found.code, stray.path in found.command) == ("D16", True)


def test_warning_hides_nothing_worse_than_itself() -> None:
    runfile = replace(a_patient.state().driver, runfile="/usr/bin/nvidia-uninstall")
    patient = case(driver=replace(runfile, loaded="535.288.01"))
    assert codes(patient) == ["D14", "D9"]


def test_no_two_codes_hide_each_other() -> None:
    hidden = {code: {*row.hides, *row.hides_running} for code, row in faults().items()}
    for code, followers in hidden.items():
        assert not [f for f in followers if code in hidden.get(f, ())], code


def test_old_xid_is_history() -> None:
    line = "[   50.1] NVRM: Xid (PCI:0000:17:00): 79, GPU lost"
    assert codes(case(logged(line))) == []


def test_ignored_xid_is_not_told() -> None:
    assert codes(case(logged("[99000.1] NVRM: Xid (PCI:0000:17:00): 63, pid=1"))) == []


def test_unsigned_module_of_the_next_kernel_shows_before_the_reboot() -> None:
    known = a_patient.state().kernels
    new = replace(known.installed[0], release="6.1.0-60-cloud-amd64")
    signed, unsigned = module(signer="Debian"), a_host.module(new.release, DRIVER)
    patient = case(
        secure_boot=True,
        kernels=replace(known, installed=(*known.installed, new), next_boot=new.release),
        **driver(modules=(signed, unsigned)),
    )
    answer = a_patient.answer(patient)
    assert [f.code for f in answer.findings] == ["D10"]
    assert "6.1.0-60-cloud-amd64" in answer.findings[0].what
    assert answer.next_boot.ready is False


def test_loaded_module_was_let_in_by_secure_boot() -> None:
    signed = case(secure_boot=True, **driver(modules=(module(signer="Debian"),)))
    assert codes(signed) == []


def test_smi_that_hangs_or_lists_too_few_has_its_own_code() -> None:
    assert codes(case({"smi": Smi(124, ())})) == ["D27"]
    assert codes(case({"smi": Smi(6, ("No devices were found",))})) == ["D23"]


def test_container_is_judged_by_the_kernel_in_its_boot_folder() -> None:
    patient = Case(a_host.done(), replace(a_patient.EVIDENCE, kernel_log=None, smi=None))
    assert codes(patient) == []
    gone = replace(patient.state, driver=replace(patient.state.driver, modules=()))
    assert codes(replace(patient, state=gone)) == ["D1"]


def test_plan_is_compared_too() -> None:
    patient = Case(a_patient.state(), a_patient.EVIDENCE, a_host.plan())
    assert codes(patient) == []
    free = replace(patient.state.package_manager, holds=())
    assert codes(replace(patient, state=replace(patient.state, package_manager=free))) == [
        "NOT-HELD"
    ]


def test_missing_headers_are_not_told_twice_where_there_is_a_plan() -> None:
    patient = case(**kernels(headers=False), **NO_MODULE)
    assert codes(replace(patient, plan=a_host.plan())) == ["D1"]


@pytest.mark.parametrize(("version", "found"), [("20.10.24", ["C6"]), ("28.2.2", [])])
def test_byte_order_mark_in_dockers_settings_is_an_illness_of_old_versions(
    version: str, found: list[str]
) -> None:
    settings = "???" + DOCKER["daemon_json"]
    patient = engine(docker="/usr/bin/docker", daemon_json=settings, cdi=SPEC)
    assert codes(case(patient, **packages(TOOLKIT, docker(version)))) == found


def test_settings_of_too_many_brackets_are_an_illness_and_end_no_run() -> None:
    patient = engine(docker="/usr/bin/docker", daemon_json="[" * 90_000, cdi=SPEC)
    assert "C6" in codes(case(patient, **packages(TOOLKIT, docker("28.2.2"))))

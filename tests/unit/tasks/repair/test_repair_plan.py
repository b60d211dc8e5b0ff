"""What the repair would do about each fault: acts, their order, what is left, on values."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.engine_model import Engine
from facts.evidence_model import Headers
from facts.model.driver import DkmsBuild
from facts.model.packages import LockHolder, Package
from facts.model.system import Mount
from tasks.doctor.tree import diagnose
from tasks.faults.catalog import faults
from tasks.health.case import Case
from tasks.hostdata.repair import Reboot
from tasks.repair import means, versions, wording
from tasks.repair.repair_plan import Act, Attempt, RepairPlan, chart
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_host import DRIVER, KERNEL
from tests.unit.tasks.a_patient import OLD_KERNEL, case, driver, manager, module
from tests.unit.tasks.doctor.test_tree import ILL

NO_MODULE = driver(modules=(), loaded="", loaded_modules=())
OLD_LOADED = driver(loaded="535.183.01")
NOUVEAU = {
    **driver(loaded="", loaded_modules=()),
    "nouveau": replace(a_patient.state().nouveau, loaded=True, blacklisted_in=()),
    "pci": tuple(replace(d, driver="nouveau") for d in a_patient.state().pci),
}


def repair_plan(
    patient: Case, reboot: Reboot = "never", tried: dict[Attempt, str] | None = None
) -> RepairPlan:
    return chart(patient, diagnose(patient), reboot, tried)


def ways(found: RepairPlan) -> list[tuple[tuple[str, ...], str]]:
    return [(act.codes, act.method) for act in found.acts]


def done(*acts: Act, result: str = "it is still there") -> dict[Attempt, str]:
    return {attempt: result for act in acts for attempt in act.attempts}


def reasons(found: RepairPlan, code: str) -> str:
    return "; ".join(why for left in found.left if left.code == code for why in left.why)


def test_healthy_host_has_nothing_to_be_done() -> None:
    assert repair_plan(case()) == RepairPlan()


@pytest.mark.parametrize("code", [c for c, row in faults().items() if c in ILL and row.repair])
def test_every_fault_is_either_worked_on_or_left_with_what_to_do(code: str) -> None:
    for patient in ILL[code]:
        found = repair_plan(patient, "if-needed")
        told = {c for act in found.acts for c in act.codes} | {left.code for left in found.left}
        assert told == {finding.code for finding in diagnose(patient).findings}
        assert all(left.do for left in found.left)


@pytest.mark.parametrize("code", [c for c, row in faults().items() if c in ILL and not row.repair])
def test_what_the_data_have_no_way_for_is_left_to_a_person(code: str) -> None:
    for patient in ILL[code]:
        assert code in {left.code for left in repair_plan(patient, "now").left}


def test_missing_headers_are_installed_without_questions_and_the_module_is_built() -> None:
    evidence = {"headers": {KERNEL: Headers(None, "6.1")}}
    state = a_patient.kernels(headers=False)
    found = repair_plan(case(evidence, **NO_MODULE, **state))
    assert ways(found) == [(("D1",), "command")]
    (act,) = found.acts
    assert f"--reinstall linux-headers-{KERNEL} && dkms autoinstall -k {KERNEL}" in act.shown
    assert act.shown in act.script
    assert "APT::Get::Remove=false" in act.script


def test_two_kernels_without_a_module_are_two_acts() -> None:
    first = a_patient.state().kernels.installed[0]
    both = replace(
        a_patient.state().kernels,
        installed=(replace(first, headers=True), replace(first, release=OLD_KERNEL, headers=True)),
    )
    found = repair_plan(case(kernels=both, **NO_MODULE))
    assert [act.shown.split()[-1] for act in found.acts] == [KERNEL, OLD_KERNEL]


def test_fault_that_stays_is_tried_in_the_next_way_and_then_left() -> None:
    patient = case(**a_patient.kernels(headers=True), **NO_MODULE)
    first = repair_plan(patient)
    assert ways(first) == [(("D1",), "command")]
    tried = done(*first.acts)
    second = repair_plan(patient, tried=tried)
    assert ways(second) == [(("D1",), "build")]
    last = repair_plan(patient, tried={**tried, **done(*second.acts, result="failed: no compiler")})
    assert last.acts == ()
    assert "it is still there" in reasons(last, "D1")
    assert "no compiler" in reasons(last, "D1")


def test_package_manager_comes_before_modules_and_modules_before_containers() -> None:
    locked = manager(half_configured=("half iF",))
    patient = case({"broken": ()}, **locked, **a_patient.kernels(headers=True), **NO_MODULE)
    cgroups = replace(
        patient, evidence=replace(patient.evidence, engine=Engine(no_cgroups="no-cgroups = true"))
    )
    found = repair_plan(cgroups)
    assert [act.stage for act in found.acts] == ["packages", "kernels", "containers"]
    assert {act.stage for act in found.first} == {"packages"}


def test_busy_host_is_waited_for_and_nothing_else() -> None:
    lock = LockHolder("/var/lib/dpkg/lock-frontend", 7, "unattended-upgr")
    found = repair_plan(case(**manager(locks=(lock,))))
    assert ways(found) == [(("BUSY",), "wait")]


# ------------------------------------------------------------------------------ reload and reboot


def test_old_module_is_reloaded_first_and_rebooted_only_if_that_is_allowed() -> None:
    patient = case(**OLD_LOADED)
    first = repair_plan(patient)
    assert ways(first) == [(("D14",), "reload")]
    tried = done(*first.acts, result="refused: the GPU is in use by 7 python")
    assert ways(repair_plan(patient, "if-needed", tried)) == [(("D14",), "reboot")]
    refused = repair_plan(patient, "never", tried)
    assert refused.acts == ()
    assert "in use by 7 python" in reasons(refused, "D14")
    assert "reboot=if-needed" in reasons(refused, "D14")


def test_nouveau_is_blacklisted_then_unloaded_then_rebooted_away() -> None:
    patient = case(**NOUVEAU)
    listed = replace(patient.state.nouveau, blacklisted_in=("/etc/modprobe.d/gpuwright.conf",))
    tried: dict[Attempt, str] = {}
    seen = []
    while (found := repair_plan(patient, "if-needed", tried)).acts:
        seen += [act.method for act in found.acts]
        tried.update(done(*found.acts))
        patient = replace(patient, state=replace(patient.state, nouveau=listed))
    assert seen == ["nouveau", "release", "reboot"]
    assert "D8" in {left.code for left in repair_plan(patient, "if-needed", tried).left}


def test_no_reboot_into_a_kernel_without_a_module_that_cannot_be_fixed() -> None:
    first = a_patient.state().kernels.installed[0]
    next_one = replace(
        a_patient.state().kernels,
        next_boot=OLD_KERNEL,
        installed=(first, replace(first, release=OLD_KERNEL, headers=False)),
    )
    evidence = {"headers": {OLD_KERNEL: Headers(None, "")}}
    patient = case(evidence, kernels=next_one, **OLD_LOADED)
    tried = done(*(a for a in repair_plan(patient).acts))
    found = repair_plan(patient, "if-needed", tried)
    assert "reboot" not in [act.method for act in found.acts]
    assert "would not bring the GPU back" in reasons(found, "D14")


def test_container_is_never_reloaded_nor_rebooted() -> None:
    inside = case(**NOUVEAU)
    state = replace(inside.state, system=replace(inside.state.system, container="systemd-nspawn"))
    for code, patients in ILL.items():
        for patient in patients:
            jailed = replace(
                patient,
                state=replace(
                    patient.state, system=replace(patient.state.system, container="docker")
                ),
            )
            methods = {act.method for act in repair_plan(jailed, "now").acts}
            assert not methods & {"reload", "release", "reboot"}, code
    assert repair_plan(replace(inside, state=state), "now").acts == ()


def test_one_reboot_serves_all_that_need_one() -> None:
    patient = case(
        {"kernel_log": ("NVRM: GPU 0000:17:00.0: GPU has fallen off the bus.",)}, **OLD_LOADED
    )
    found = repair_plan(patient, "if-needed")
    assert [act.method for act in found.acts].count("reboot") == 1
    assert next(act for act in found.acts if act.method == "reboot").codes[0] == "D22"


# --------------------------------------------------------------------------- what stands against


def test_blacklist_stays_where_gpus_are_given_to_virtual_machines() -> None:
    vfio: dict[str, Any] = {
        "pci": tuple(replace(d, driver="vfio-pci") for d in a_patient.state().pci)
    }
    patient = case(**driver(loaded="", loaded_modules=(), blocked_in=("/etc/modprobe.d/v.conf",)))
    assert ways(repair_plan(patient)) == [(("D13",), "command")]
    given = replace(patient, state=replace(patient.state, **vfio))
    assert "virtual machines" in reasons(repair_plan(given), "D13")


def test_command_line_of_the_kernel_is_a_persons() -> None:
    system = replace(a_patient.state().system, cmdline="quiet modprobe.blacklist=nvidia")
    found = repair_plan(case(system=system, **driver(loaded="", loaded_modules=())))
    assert "D13" in {left.code for left in found.left}
    assert not any("D13" in act.codes for act in found.acts)


def full(path: str, device: str) -> dict[str, Any]:
    mounts = dict(a_patient.state().mounts)
    return {"mounts": {**mounts, path: Mount(path, device, 5, 1000, None)}}


def test_cache_is_emptied_where_it_is_on_the_full_disk() -> None:
    assert ways(repair_plan(case(**full("/var", "/dev/vdb")))) == [(("DISK-FULL",), "clean")]
    elsewhere = repair_plan(case(**full("/tmp", "tmpfs")))
    assert elsewhere.acts == ()
    assert "not on that disk" in reasons(elsewhere, "DISK-FULL")


def test_plan_is_needed_to_install_what_is_missing() -> None:
    bare = a_host.bare()
    assert "name a stack" in reasons(repair_plan(Case(bare)), "DRIVER-INCOMPLETE")
    planned = repair_plan(Case(bare, plan=a_host.plan()))
    assert (("DRIVER-INCOMPLETE",), "plan") in ways(planned)


# --------------------------------------------------------------------------- one version of many


def mixed(*names: str, record: str | None = None) -> Case:
    """The healthy machine with these packages one version behind the others."""
    state = a_patient.state()
    packages = {
        **state.packages,
        **{n: replace(state.packages[n], version="535.183.01-1~deb12u1") for n in names},
    }
    versions_of = {"versions": {"driver": record}} if record else None
    return case(packages=packages, record=versions_of)


def driver_packages() -> list[str]:
    return sorted(versions.by_package(case()))


def test_version_of_the_most_packages_is_meant() -> None:
    few = driver_packages()[:2]
    patient = mixed(*few)
    assert (versions.meant(patient), sorted(versions.strays(patient))) == (DRIVER, few)
    assert f"{few[0]}={DRIVER}-*" in versions.script(patient)


def test_version_of_the_record_is_meant_where_there_is_one() -> None:
    few = driver_packages()[:2]
    assert versions.meant(mixed(*few, record="535.183.01")) == "535.183.01"
    assert versions.meant(mixed(*few, record="999.99.99")) == DRIVER


def test_module_of_another_version_is_first_met_by_packages_of_one_version() -> None:
    few = driver_packages()[:2]
    stale = driver(modules=(module(version="535.183.01"),))["driver"]
    patient = mixed(*few)
    patient = replace(patient, state=replace(patient.state, driver=stale))
    assert (("D15",), "converge") in ways(repair_plan(patient))


# ----------------------------------------------------------------------------- the words, the shell


def test_plan_says_acts_in_order_reboot_policy_and_what_is_left() -> None:
    patient = case(
        {"engine": Engine(daemon_json="{}", backups={"/etc/docker/daemon.json.bak": '{"a": 1}'})},
        **OLD_LOADED,
    )
    answer = diagnose(patient)
    text = wording.plan("gpu1", patient, answer, repair_plan(patient))
    assert text.startswith("gpu1: CRITICAL; the repair:\n  1. D14: ")
    assert "reboot: never (--data reboot=if-needed allows one)" in text
    assert "Manual action: C6 WARN: Docker's settings were replaced" in text


def test_healthy_hosts_plan_is_two_lines() -> None:
    text = wording.plan("gpu1", case(), diagnose(case()), RepairPlan())
    assert text.splitlines()[0] == "gpu1: OK, nothing to repair"


@pytest.mark.parametrize("code", [c for c in ILL if c in faults()])
def test_every_script_is_shell(code: str) -> None:
    for patient in ILL[code]:
        for act in repair_plan(patient, "now").acts:
            checked = subprocess.run(
                ["sh", "-n"], input=act.script, text=True, capture_output=True, check=False
            )
            assert checked.returncode == 0, f"{act.script}\n{checked.stderr}"


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a job's script with an ``apt-get`` that tells how it was called."""
    (folder / "real").mkdir(exist_ok=True)
    for name in ("apt-get", "dpkg", "dkms", "depmod", "flock"):
        path = folder / "real" / name
        path.write_text(f'#!/bin/sh\necho "{name} $*"\n[ ! -e fail-{name} ]\n')
        path.chmod(0o755)
    return subprocess.run(
        ["sh", "-euc", script],
        cwd=folder,
        env={"PATH": f"{folder / 'real'}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_command_for_people_is_run_with_our_options_and_its_own_exit_status(
    tmp_path: Path,
) -> None:
    patient = case(**manager(half_configured=("half iF",)))
    (act,) = repair_plan(patient).acts
    good = run(tmp_path, act.script)
    assert "dpkg --force-confdef --force-confold --configure -a" in good.stdout
    assert "apt-get -y -q" in good.stdout
    assert good.stdout.rstrip().endswith("-f install")
    assert good.returncode == 0
    (tmp_path / "fail-apt-get").touch()
    assert run(tmp_path, act.script).returncode == 1


def test_reboot_at_the_end_of_a_command_is_left_to_the_repair() -> None:
    evidence = {"headers": {KERNEL: Headers(None, "")}}
    patient = case(evidence, **a_patient.kernels(headers=False), **NO_MODULE)
    (act,) = repair_plan(patient).acts
    assert act.codes == ("D2",)
    assert "reboot" not in act.shown
    assert means.REBOOT.strip() not in act.script


def test_dkms_version_is_named_where_it_is_built_again() -> None:
    dkms = (DkmsBuild("nvidia-current", DRIVER, None, None, "added"),)
    patient = case(dkms=dkms, **a_patient.kernels(headers=True), **NO_MODULE)
    first = repair_plan(patient)
    (act,) = repair_plan(patient, tried=done(*first.acts)).acts
    assert DRIVER in act.script
    assert KERNEL in act.script


def test_package_is_named_with_the_version_that_is_here() -> None:
    package = Package("libnvidia-ml1", "580.159.04-1", "ii", "NVIDIA")
    patient = case(packages={**a_patient.state().packages, package.name: package})
    assert patient.exact("libnvidia-ml1") == "libnvidia-ml1=580.159.04-1"
    assert patient.exact("nvidia-firmware", "580.1") == "nvidia-firmware=580.1-*"

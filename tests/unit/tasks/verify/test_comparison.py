"""Is the host as the plan says? One finding for each thing that is not; none for a good host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.software import Venv
from tasks import finding as tasks_finding
from tasks.driver.state import library_version
from tasks.finding import Finding, Level
from tasks.layout import ENVS
from tasks.python.state import env_of
from tasks.verify import comparison
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL, library, module, package, plan, with_packages

OLD = f"{ENVS}/pytorch-2.9-0123456789ab"


def found(state: HostState, rollback: int = 0, expected: int = 0) -> dict[str, Finding]:
    """Findings by code."""
    return {f.code: f for f in comparison.compare(state, plan(), rollback, expected)}


def with_modules(*versions: tuple[str, str], loaded: str = "") -> HostState:
    """The finished host with modules, by kernel and version, and perhaps one loaded."""
    state = a_host.done()
    modules = tuple(module(*version) for version in versions)
    return replace(state, driver=replace(state.driver, modules=modules, loaded=loaded))


def test_finished_host_has_no_findings() -> None:
    assert found(a_host.done()) == {}


def test_bare_host_has_everything_to_find() -> None:
    assert set(found(a_host.bare())) == {
        "DRIVER-INCOMPLETE",
        "NEXT-BOOT",
        "CUDA-INCOMPLETE",
        "CUDNN-INCOMPLETE",
        "TORCH-LINK",
    }


def test_missing_package_of_the_driver_is_named() -> None:
    state = with_packages(a_host.done(), package("nvidia-smi", status="rc"))
    assert found(state)["DRIVER-INCOMPLETE"].observed == "missing: nvidia-smi"


def test_missing_headers_of_a_bootable_kernel_are_named() -> None:
    state = a_host.done()
    kernels = tuple(replace(k, headers=False) for k in state.kernels.installed)
    state = replace(state, kernels=replace(state.kernels, installed=kernels))
    assert f"headers of {KERNEL}" in found(state)["DRIVER-INCOMPLETE"].observed


def test_half_installed_package_counts_as_missing() -> None:
    state = with_packages(a_host.done(), package("libcuda1", status="iF"))
    assert "libcuda1" in found(state)["DRIVER-INCOMPLETE"].observed


def test_loaded_module_and_libraries_of_two_versions_want_a_reboot() -> None:
    finding = found(with_modules((KERNEL, DRIVER), loaded="535.1.2"))["D14"]
    assert (finding.level, finding.observed) == (
        "CRITICAL",
        f"loaded 535.1.2, libraries {DRIVER}",
    )
    assert finding.interrupts == "programs that use the GPU"


def test_loaded_module_of_the_same_version_is_well() -> None:
    assert found(with_modules((KERNEL, DRIVER), loaded=DRIVER)) == {}


def test_kernel_that_boots_next_without_a_module_is_critical() -> None:
    finding = found(with_modules())["NEXT-BOOT"]
    assert finding.level == "CRITICAL"
    assert KERNEL in finding.what


def test_another_bootable_kernel_without_a_module_is_a_warning() -> None:
    state = a_host.done()
    older = replace(state.kernels.installed[0], release="6.1.0-50-cloud-amd64")
    kernels = replace(state.kernels, installed=(*state.kernels.installed, older))
    finding = found(replace(state, kernels=kernels))["D1"]
    assert finding.level == "WARN"
    assert "6.1.0-50-cloud-amd64" in finding.what


def test_module_built_for_another_kernel_is_found() -> None:
    state = a_host.done()
    wrong = module(KERNEL, DRIVER, built_for="6.1.0-50-cloud-amd64")
    state = replace(state, driver=replace(state.driver, modules=(wrong,)))
    assert "6.1.0-50-cloud-amd64" in found(state)["D11"].observed


def test_module_and_libraries_of_two_versions_are_found() -> None:
    finding = found(with_modules((KERNEL, "535.1.2")))["D15"]
    assert finding.observed == f"module 535.1.2, libraries {DRIVER}"


def test_nouveau_on_the_card_is_a_warning_that_wants_a_reboot() -> None:
    state = a_host.done()
    finding = found(replace(state, nouveau=replace(state.nouveau, loaded=True)))["D8"]
    assert finding.level == "WARN"
    assert "--data reboot=if-needed" in finding.remedy


def test_package_of_the_set_that_is_not_held_is_named() -> None:
    state = with_packages(a_host.done(), package("libnvidia-cfg1"))
    assert found(state)["NOT-HELD"].observed == "not held: libnvidia-cfg1"


def test_cudnn_of_another_release_is_not_the_planned_one() -> None:
    state = a_host.done()
    other = replace(state.cudnn[0], version="8.9.7")
    assert "8.9.7" in found(replace(state, cudnn=(other,)))["CUDNN-INCOMPLETE"].observed


def test_link_that_leads_elsewhere_is_critical() -> None:
    finding = found(replace(a_host.done(), current_venv=OLD))["TORCH-LINK"]
    assert OLD in finding.observed


def test_missing_link_is_critical() -> None:
    assert "nothing" in found(replace(a_host.done(), current_venv=None))["TORCH-LINK"].observed


def rolled_back() -> HostState:
    """The finished host with an older environment that the link leads to."""
    state = a_host.done()
    return replace(
        state,
        venvs=(*state.venvs, Venv(OLD, True, "3.11", {})),
        current_venv=OLD,
        record={"environments": [OLD, env_of(plan())]},
    )


def test_rolled_back_host_is_a_warning_that_names_the_way_back() -> None:
    finding = found(rolled_back(), rollback=1)["ROLLED-BACK"]
    assert finding.level == "WARN"
    assert "without rollback" in finding.remedy


def test_rollback_further_than_kept_says_what_is_kept() -> None:
    finding = found(rolled_back(), rollback=2)["ROLLBACK-NONE"]
    assert finding.level == "CRITICAL"
    assert OLD in finding.observed


def test_fewer_gpus_than_expected_are_found() -> None:
    assert "2 on the PCI bus, 8 expected" in found(a_host.done(), expected=8)["D23"].observed
    assert found(a_host.done(), expected=2) == {}


def test_gpus_that_come_later_are_not_missed() -> None:
    assert found(replace(a_host.done(), pci=()), expected=8) == {}


@pytest.mark.parametrize(
    ("levels", "whole"),
    [
        ([], "OK"),
        (["WARN"], "WARN"),
        (["WARN", "UNKNOWN"], "UNKNOWN"),
        (["UNKNOWN", "CRITICAL", "WARN"], "CRITICAL"),
    ],
)
def test_verdict_is_the_worst_of_all(levels: list[Level], whole: str) -> None:
    made = tuple(Finding("X", level, "", "", "") for level in levels)
    assert tasks_finding.worst(made) == whole


def test_library_version_falls_back_to_libcuda() -> None:
    state = a_host.done()
    only = replace(state.driver, libraries=(library("libcuda.so.1", "535.1.2"),))
    assert library_version(replace(state, driver=only)) == "535.1.2"
    assert library_version(a_host.bare()) is None

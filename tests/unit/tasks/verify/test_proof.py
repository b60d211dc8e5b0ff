"""Installed and proven are two things: no silicon is no proof, and silence of a GPU is a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.runtime import CudaAnswer, CudaDevice, TorchAnswer
from tasks.layout import CUDNN
from tasks.python.state import env_of
from tasks.verify import proof
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL, plan

NO_DEVICE = CudaAnswer(100, "CUDA_ERROR_NO_DEVICE", call="cuInit")
WORKS = CudaAnswer(0, count=1, devices=(CudaDevice(0, "NVIDIA H100 80GB HBM3", memory_ok=True),))
VENV = env_of(plan())


def machine(running: str = KERNEL, loaded: str = "") -> HostState:
    """The finished host as a machine of its own, which a container is not."""
    state = a_host.done()
    return replace(
        state,
        system=replace(state.system, container=""),
        kernels=replace(state.kernels, running=running),
        driver=replace(state.driver, loaded=loaded),
    )


def test_call_that_works_is_the_proof() -> None:
    judged = proof.of_cuda_call(machine(loaded=DRIVER), plan(), WORKS)
    assert judged.text == "cuda-call (1 × memory check: NVIDIA H100 80GB HBM3)"
    assert judged.findings == ()


def test_host_without_gpu_has_no_proof_and_no_fault() -> None:
    judged = proof.of_cuda_call(replace(machine(), pci=()), plan(), NO_DEVICE)
    assert judged.text.startswith("none (no real GPU in this host: none on the PCI bus")
    assert "CUDA_ERROR_NO_DEVICE" in judged.text
    assert judged.findings == ()


def test_container_sees_a_bus_whose_gpus_are_not_its_own() -> None:
    judged = proof.of_cuda_call(a_host.done(), plan(), NO_DEVICE)
    assert judged.text.startswith("none (no real GPU in this host")
    assert "systemd-nspawn" in judged.text
    assert judged.findings == ()


def test_driver_that_loads_at_the_next_boot_wants_one() -> None:
    judged = proof.of_cuda_call(machine(running="6.1.0-50-cloud-amd64"), plan(), NO_DEVICE)
    assert [(f.code, f.level) for f in judged.findings] == [("REBOOT-NEEDED", "WARN")]
    assert "running 6.1.0-50-cloud-amd64" in judged.findings[0].observed
    assert judged.text.startswith("none (")


def test_nouveau_on_the_card_wants_a_reboot() -> None:
    state = machine()
    state = replace(state, nouveau=replace(state.nouveau, loaded=True))
    judged = proof.of_cuda_call(state, plan(), NO_DEVICE)
    assert [f.code for f in judged.findings] == ["REBOOT-NEEDED"]


def test_silent_gpu_under_a_loaded_driver_is_critical() -> None:
    judged = proof.of_cuda_call(machine(loaded=DRIVER), plan(), NO_DEVICE)
    assert [(f.code, f.level) for f in judged.findings] == [("CUDA-FAILS", "CRITICAL")]
    assert "cuInit answers 100 CUDA_ERROR_NO_DEVICE" in judged.findings[0].observed


def test_device_that_forgets_what_was_written_is_no_proof() -> None:
    bad = CudaAnswer(0, count=1, devices=(CudaDevice(0, "H100", memory_ok=False),))
    judged = proof.of_cuda_call(machine(loaded=DRIVER), plan(), bad)
    assert judged.text == "none (device 0: memory read back differs)"
    assert [f.code for f in judged.findings] == ["CUDA-FAILS"]


def test_call_that_was_not_possible_says_why() -> None:
    answer = CudaAnswer(None, why="libcuda.so.1: cannot open shared object file")
    judged = proof.of_cuda_call(machine(loaded=DRIVER), plan(), answer)
    assert "libcuda.so.1: cannot open shared object file" in judged.text


def codes(answer: TorchAnswer, rolled_back: bool = False) -> list[str]:
    """Codes of the findings about an import of torch."""
    return [f.code for f in proof.of_torch(plan(), answer, rolled_back)]


def test_torch_of_the_plan_with_its_own_libraries_is_well() -> None:
    own = f"{VENV}/lib/python3.11/site-packages/nvidia/cudnn/lib/libcudnn.so.9"
    libcuda = "/usr/lib/x86_64-linux-gnu/libcuda.so.535"
    assert codes(TorchAnswer(VENV, "2.9.1+cu128", mapped=(own, libcuda))) == []


def test_torch_that_cannot_be_imported_says_why() -> None:
    (finding,) = proof.of_torch(plan(), TorchAnswer(VENV, why="libcudart: not found"), False)
    assert (finding.code, finding.observed) == ("TORCH-IMPORT", "libcudart: not found")


def test_torch_of_another_version_is_a_fault_unless_rolled_back() -> None:
    assert codes(TorchAnswer(VENV, "2.9.0+cu128")) == ["TORCH-VERSION"]
    assert codes(TorchAnswer(VENV, "2.9.0+cu128"), rolled_back=True) == []


@pytest.mark.parametrize(
    "foreign", ["/usr/lib/x86_64-linux-gnu/libcublas.so.11", f"{CUDNN}/lib/libcudnn.so.8.9.6"]
)
def test_torch_that_takes_another_library_is_a_fault(foreign: str) -> None:
    (finding,) = proof.of_torch(plan(), TorchAnswer(VENV, "2.9.1+cu128", mapped=(foreign,)), False)
    assert (finding.code, finding.observed) == ("TORCH-SHADOWED", foreign)

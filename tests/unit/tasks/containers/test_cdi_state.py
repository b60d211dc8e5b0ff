"""CDI specs: when one is written, what is left of others, and what containers then see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.engine_model import CdiDevice, CdiSpec, ContainerAnswer, Engines, Node
from facts.model.host import HostState
from facts.runtime import CudaAnswer, CudaDevice
from stacks.model.containers import OLD_SPEC, EnginePlan
from tasks.containers import cdi, cdi_state, findings, proof
from tasks.hostdata.containers import ContainerSettings
from tests.unit.tasks import a_container_host as host
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, library

NOTHING = ContainerSettings()
NODES = (
    Node("/dev/nvidiactl", 195, 255),
    Node("/dev/nvidia0", 195, 0),
    Node("/dev/nvidia1", 195, 1),
)
GPUS = ("GPU 0: NVIDIA H100 (UUID: GPU-0)", "GPU 1: NVIDIA H100 (UUID: GPU-1)")
WHOLE = CudaAnswer(0, count=1, devices=(CudaDevice(0, name="NVIDIA H100", memory_ok=True),))


def spec(**more: object) -> CdiSpec:
    libraries = (f"/usr/lib/x86_64-linux-gnu/libcuda.so.{DRIVER}",)
    whole = CdiSpec(cdi_state.SPEC, (CdiDevice("/dev/nvidia0", 195),), (), libraries, "0.5.0")
    return replace(whole, **more)  # type: ignore[arg-type]


def engines_state(
    *specs: CdiSpec, nodes: tuple[Node, ...] = NODES, images: tuple[str, ...] = ()
) -> Engines:
    found = host.engines("{}", nodes=nodes, docker=host.docker(images=images))
    return replace(found, engine=replace(found.engine, cdi=specs))


def state() -> HostState:
    bare = a_host.bare()
    driver = replace(bare.driver, libraries=(library("libnvidia-ml.so.1", DRIVER),))
    return replace(bare, driver=driver)


def due(*specs: CdiSpec, flags: tuple[str, ...] = (), nodes: tuple[Node, ...] = NODES) -> str:
    containers = host.plan(cdi_flags=flags).containers
    assert containers is not None
    return cdi_state.spec_due(state(), engines_state(*specs, nodes=nodes), containers)


def test_spec_of_this_driver_stays() -> None:
    assert due(spec()) == ""


def test_without_a_driver_that_is_up_there_is_nothing_to_write() -> None:
    assert due(nodes=()) == ""


def test_driver_that_is_up_needs_a_spec() -> None:
    assert due() == "there is none"


@pytest.mark.parametrize(
    "stale",
    [
        spec(libraries=("/usr/lib/libcuda.so.580.1.2",)),
        spec(missing=("/usr/bin/nvidia-smi",)),
        spec(devices=(CdiDevice("/dev/nvidia0", 511),)),
    ],
)
def test_spec_of_another_driver_is_written_again(stale: CdiSpec) -> None:
    """C4."""
    assert due(stale) != ""


def test_no_spec_is_written_while_another_module_is_loaded_than_the_libraries_ask_for() -> None:
    """NVML would answer with a version mismatch; the refreshing unit writes it at the next boot."""
    changed = state()
    changed = replace(changed, driver=replace(changed.driver, loaded="570.1.2"))
    containers = host.plan().containers
    assert containers is not None
    stale = spec(libraries=("/usr/lib/libcuda.so.570.1.2",))
    assert cdi_state.spec_due(changed, engines_state(stale), containers) == ""


def test_format_that_an_engine_does_not_read_is_written_again() -> None:
    assert "0.7.0" in due(spec(format="0.7.0"), flags=(OLD_SPEC,))
    assert due(spec(format="0.5.0"), flags=(OLD_SPEC,)) == ""
    assert due(spec(format="0.7.0")) == ""


def test_spec_that_an_older_guide_left_is_told_from_others() -> None:
    left = spec(file="/etc/cdi/nvidia.yaml")
    others = spec(file="/etc/cdi/amd.yaml")
    assert cdi_state.left_behind(engines_state(spec(), left, others)) == ["/etc/cdi/nvidia.yaml"]


def test_refreshing_unit_has_no_limit_of_starts_and_knows_the_flags() -> None:
    plan = host.plan(cdi_flags=(OLD_SPEC,)).containers
    assert plan is not None
    text = cdi.drop_in_text(plan)
    assert "StartLimitIntervalSec=0" in text
    assert f"NVIDIA_CTK_CDI_GENERATE_FEATURE_FLAGS={OLD_SPEC}" in text


def test_missing_spec_and_cgroups_left_alone_are_findings() -> None:
    there = engines_state()
    there = replace(there, engine=replace(there.engine, no_cgroups="no-cgroups = true"))
    codes = {f.code for f in findings.findings(state(), there, host.plan(), NOTHING)}
    assert {"C3", "C4"} <= codes


def test_docker_that_does_not_run_is_a_finding() -> None:
    there = replace(engines_state(spec()), docker=None)
    assert [f.code for f in findings.findings(state(), there, host.plan(), NOTHING)] == ["C8"]


def test_packages_that_are_missing_are_findings() -> None:
    codes = [f.code for f in findings.of_packages(a_host.bare(), host.plan())]
    assert codes == ["TOOLKIT-INCOMPLETE", "ENGINE-INCOMPLETE"]


# ------------------------------------------------------------------------------- the proof


def test_no_container_is_started_where_no_driver_is_up() -> None:
    found = proof.none(engines_state(nodes=()), host.plan(), NOTHING)
    assert found is not None
    assert "no device files" in found.text


def test_no_container_is_started_without_an_image() -> None:
    found = proof.none(engines_state(spec()), host.plan(), NOTHING)
    assert found is not None
    assert "proof_image" in found.text


def test_our_own_image_proves_where_it_is_loaded() -> None:
    there = engines_state(spec(), images=("debian:bookworm", "pytorch-cuda:v2.9"))
    assert proof.image(there, host.plan(), NOTHING) == "pytorch-cuda:v2.9"
    assert proof.none(there, host.plan(), NOTHING) is None


def test_image_of_host_data_must_be_there() -> None:
    there = engines_state(spec(), images=("debian:bookworm",))
    settings = ContainerSettings(proof_image="debian:trixie")
    found = proof.none(there, host.plan(), settings)
    assert found is not None
    assert "debian:trixie" in found.text


@pytest.mark.parametrize(
    ("wanted", "here"),
    [("debian:bookworm", True), ("docker.io/library/debian:bookworm", True), ("debian", False)],
)
def test_podman_is_asked_for_its_own_images(wanted: str, here: bool) -> None:
    there = replace(
        engines_state(spec()), docker=None, podman_images=("docker.io/library/debian:bookworm",)
    )
    podman = EnginePlan("podman", "distribution", "5.4.2", ("podman",), ("podman",))
    found = proof.none(there, host.plan(podman), ContainerSettings(proof_image=wanted))
    assert (found is None) == here
    if found is not None:
        assert f"podman pull {wanted}" in found.text


def judged(answer: ContainerAnswer) -> proof.Proof:
    there = engines_state(spec(), images=("pytorch-cuda:v2.9",))
    return proof.judged(there, host.plan(), NOTHING, answer)


def test_cuda_in_a_container_is_proof() -> None:
    found = judged(ContainerAnswer(True, "", GPUS, GPUS, WHOLE))
    assert found.text.startswith("container (2 × NVIDIA H100, still there after")
    assert "cuda-call" in found.text
    assert found.findings == ()


def test_list_of_gpus_without_a_cuda_call_is_told_as_such() -> None:
    nothing = CudaAnswer(None, why="no Python is there")
    found = judged(ContainerAnswer(True, "", GPUS, GPUS, nothing))
    assert "not proven is CUDA" in found.text
    assert found.findings == ()


@pytest.mark.parametrize(
    ("answer", "code", "told"),
    [
        (ContainerAnswer(False, "could not select device driver"), "CONTAINER-GPU", "could not"),
        (ContainerAnswer(True, "", ("Failed to initialize NVML",)), "CONTAINER-GPU", "Failed"),
        (ContainerAnswer(True, "", GPUS, ("Failed to initialize NVML: Unknown Error",)), "C2", ""),
        (ContainerAnswer(True, "", GPUS[:1], GPUS[:1]), "CONTAINER-GPU", "H100"),
    ],
)
def test_container_without_its_gpus_is_critical(
    answer: ContainerAnswer, code: str, told: str
) -> None:
    found = judged(answer)
    assert [(f.code, f.level) for f in found.findings] == [(code, "CRITICAL")]
    assert told in found.findings[0].observed
    assert found.text.startswith("none")


def test_proof_holds_until_docker_restarts() -> None:
    before = engines_state(spec(), images=("pytorch-cuda:v2.9",))
    assert before.docker is not None
    after = replace(before, docker=replace(before.docker, started=99))
    keys = {proof.depends_on(state(), one, host.plan(), NOTHING) for one in (before, after)}
    assert len(keys) == 2

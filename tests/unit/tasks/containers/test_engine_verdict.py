"""A container host's verdict: its words, its exit status, its record, its container."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import StringCommand

from facts.container_proof import ContainerProof
from facts.cuda_call import CudaCall
from facts.engine_model import CdiSpec, ContainerAnswer, Engines, Node
from facts.engines import ContainerEngines
from facts.evidence import HostEvidence
from facts.host import HostProbe
from facts.model.host import HostState
from facts.model.software import Venv
from facts.model.system import Unit
from facts.runtime import CudaAnswer
from stacks.model.plan import Plan
from tasks.containers import cdi_state, engine_verdict
from tasks.hostdata.containers import ContainerSettings
from tasks.layout import ENVS, RECORD
from tasks.python.state import env_of
from tasks.steps.step import Commands, executing, step
from tasks.verify import report
from tests.unit.tasks import a_container_host, a_host
from tests.unit.tasks.a_patient import EVIDENCE
from tests.unit.tasks.a_run import NAME, ARun, Facts
from tests.unit.tasks.containers.test_cdi_state import GPUS, NODES, WHOLE

OLD = f"{ENVS}/pytorch-2.9-0123456789ab"
RIGHT = '{"runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}'
NO_DEVICE = CudaAnswer(code=100, name="CUDA_ERROR_NO_DEVICE", call="cuInit")
NATIVE: Plan = replace(a_host.plan(), containers=a_container_host.plan().containers)
"""A container host with CUDA and PyTorch of its own."""


def converged() -> HostState:
    """As the plan says: driver, CUDA, cuDNN, torch, Docker and the toolkit."""
    names = [a_host.package(name, "1.20.0-1") for name in a_container_host.TOOLKIT]
    docker = a_host.package("docker.io", "20.10.24+dfsg1-1")
    state = a_host.with_packages(a_host.done(), docker, a_host.package("runc", "1.1.5"), *names)
    held = (*state.package_manager.holds, "docker.io", "runc", *a_container_host.TOOLKIT)
    return replace(
        state,
        package_manager=replace(state.package_manager, holds=held),
        units={**state.units, "docker.service": Unit("docker.service", "active", "enabled")},
    )


def rolled_back() -> HostState:
    """The link leads to the environment before the newest one."""
    state = converged()
    return replace(
        state,
        venvs=(*state.venvs, Venv(OLD, True, "3.11", {"torch": "2.9.0"})),
        current_venv=OLD,
        record={"environments": [OLD, env_of(NATIVE)]},
    )


pytestmark = pytest.mark.usefixtures("lines")


def engines_state(images: tuple[str, ...] = (), nodes: tuple[Node, ...] = ()) -> Engines:
    """Docker is set up as planned; with these images, and device files of the driver."""
    docker = a_container_host.docker(images=images)
    specs = (CdiSpec(cdi_state.SPEC, (), (), (), "0.5.0"),) if nodes else ()
    found = a_container_host.engines(RIGHT, docker=docker, nodes=nodes)
    return replace(found, engine=replace(found.engine, cdi=specs))


def asked_for(
    state: HostState,
    plan: Plan = NATIVE,
    engines: Engines | None = None,
    inside: ContainerAnswer | None = None,
    rollback: int = 0,
) -> ARun:
    """A run with the verdict as its only operation, prepared."""
    facts: Facts = {
        ContainerEngines: engines or engines_state(),
        CudaCall: NO_DEVICE,
        HostEvidence: replace(EVIDENCE, login=None),
        ContainerProof: inside,
    }
    run = ARun(state, facts)
    run.prepared(lambda: report.register(run.host))
    run.prepared(
        lambda: engine_verdict.report_verdict(
            plan, ContainerSettings(), rollback=rollback, name="Verdict"
        )
    )
    return run


def judged(state: HostState, plan: Plan = NATIVE, rollback: int = 0) -> ARun:
    """The verdict was given, on a host without device files and images."""
    return asked_for(state, plan, rollback=rollback).executed()


def recorded(run: ARun) -> dict[str, Any]:
    """What the run wrote down of containers."""
    record = run.written(RECORD)
    assert record is not None
    part: dict[str, Any] = record["containers"]
    return part


def codes(line: report.Line) -> list[str]:
    """Codes of the findings."""
    return [note.split(" (")[0] for note in line.notes]


def test_host_that_was_sent_back_is_a_warning_and_not_a_fault(
    lines: dict[str, report.Line],
) -> None:
    run = judged(rolled_back(), rollback=1)
    line = lines[NAME]
    assert (line.verdict, run.exit_status) == ("WARN", 0), line.notes
    assert [note.split()[0] for note in line.notes] == ["ROLLED-BACK"]


def test_link_that_leads_elsewhere_unasked_is_a_fault(lines: dict[str, report.Line]) -> None:
    run = judged(rolled_back())
    assert (lines[NAME].verdict, run.exit_status) == ("CRITICAL", 1)
    assert "TORCH-LINK" in "".join(lines[NAME].notes)


def test_environment_is_remembered_for_a_way_back() -> None:
    (venv,) = converged().venvs
    before = replace(converged(), record={"environments": [OLD]})
    record = judged(before).written(RECORD)
    assert record is not None and record["environments"] == [OLD, venv.path]


def test_host_without_torch_remembers_no_environment() -> None:
    record = judged(replace(converged(), record=None), a_container_host.plan()).written(RECORD)
    assert record is not None and "environments" not in record


IMAGE = ("pytorch-cuda:v2.9",)
SEES = ContainerAnswer(True, before=GPUS, after=GPUS, cuda=WHOLE)


def test_converged_host_without_device_files_is_ok_and_says_why_no_container_was_started(
    lines: dict[str, report.Line],
) -> None:
    run = judged(converged())
    assert (lines[NAME].verdict, codes(lines[NAME]), run.exit_status) == ("OK", [], 0)
    assert "in a container: none (the driver has no device files here" in lines[NAME].proof
    assert ContainerProof not in run.asked
    assert recorded(run)["key"] is None, "nothing was proven"


def test_container_that_keeps_its_gpus_is_the_proof(lines: dict[str, report.Line]) -> None:
    run = asked_for(converged(), engines=engines_state(IMAGE, NODES), inside=SEES).executed()
    assert (lines[NAME].verdict, run.exit_status) == ("OK", 0), lines[NAME].notes
    assert lines[NAME].proof.startswith("container (2 × NVIDIA H100, still there after")
    part = recorded(run)
    assert (part["verdict"], part["proof"]) == ("OK", lines[NAME].proof)
    assert (part["plan"], part["image"]) == (NATIVE.digest, IMAGE[0])
    assert part["versions"]["engine"] == "Docker 20.10.24"


def test_record_of_other_deploys_stays_and_a_first_one_gets_its_beginning() -> None:
    before = {"stack": "of-another", "verdict": "OK", "torch": {"version": "2.9.1"}}
    record = judged(replace(converged(), record=before)).written(RECORD)
    assert record is not None and {**record, **before} == record
    first = judged(replace(converged(), record=None)).written(RECORD)
    assert first is not None
    assert (first["stack"], first["versions"]["driver"]) == ("pytorch-2.9", a_host.DRIVER)


def test_second_run_changes_nothing_and_starts_no_container(
    lines: dict[str, report.Line],
) -> None:
    there = engines_state(IMAGE, NODES)
    record = asked_for(converged(), engines=there, inside=SEES).executed().written(RECORD)
    run = asked_for(replace(converged(), record=record), engines=there)
    assert run.changes == []
    run.executed()
    assert (run.wire.commands, ContainerProof in run.asked) == ([], False)
    assert lines[NAME].verdict == "OK"
    assert lines[NAME].proof.startswith("container (")


def test_dry_run_announces_the_record_and_starts_nothing() -> None:
    run = asked_for(converged(), engines=engines_state(IMAGE, NODES), inside=SEES)
    assert run.changes == ["Verdict"]
    assert (run.asked, run.wire.commands) == ([ContainerEngines, HostProbe], [])


@pytest.mark.parametrize(
    ("inside", "code", "proof"),
    [
        (ContainerAnswer(False, "no such runtime"), "CONTAINER-GPU", "does not start"),
        (ContainerAnswer(True, before=("Failed",)), "CONTAINER-GPU", "does not see a GPU"),
        (replace(SEES, after=()), "C2", "loses its GPUs at systemctl daemon-reload"),
    ],
    ids=["refused", "blind", "loses them"],
)
def test_container_without_gpus_fails_the_host(
    lines: dict[str, report.Line], inside: ContainerAnswer, code: str, proof: str
) -> None:
    run = asked_for(converged(), engines=engines_state(IMAGE, NODES), inside=inside).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("CRITICAL", [code])
    assert proof in lines[NAME].proof
    assert (run.exit_status, recorded(run)["key"]) == (1, None)


def test_missing_toolkit_is_critical_and_names_this_deploy(
    lines: dict[str, report.Line],
) -> None:
    gone = a_host.package("nvidia-container-toolkit", status="rc")
    run = judged(a_host.with_packages(converged(), gone))
    assert (lines[NAME].verdict, run.exit_status) == ("CRITICAL", 1)
    (note,) = [n for n in lines[NAME].notes if n.startswith("TOOLKIT-INCOMPLETE")]
    assert "run deploys/container_host.py again" in note


def test_docker_that_does_not_run_is_critical(lines: dict[str, report.Line]) -> None:
    down = replace(engines_state(), docker=None)
    run = asked_for(converged(), engines=down).executed()
    assert (codes(lines[NAME]), run.exit_status) == (["C8"], 1)


def test_image_that_a_later_deploy_brings_is_what_the_host_is_proven_with(
    lines: dict[str, report.Line],
) -> None:
    run = asked_for(converged(), engines=engines_state(nodes=NODES), inside=SEES)
    assert run.prepared(engine_verdict.waits_for_an_image)

    @step
    def image() -> Commands:
        yield StringCommand("true")
        if executing():
            assert lines[NAME].proof.endswith("proof_image in the host's data)")
            run.answers[ContainerEngines] = engines_state(IMAGE, NODES)

    run.prepared(lambda: image(name="Image"))
    run.prepared(lambda: engine_verdict.again(name="GPUs in a container"))
    assert run.executed().exit_status == 0
    assert lines[NAME].proof.startswith("container (2 × NVIDIA H100")
    assert recorded(run)["image"] == IMAGE[0]


def test_host_that_has_its_image_waits_for_none() -> None:
    run = asked_for(converged(), engines=engines_state(IMAGE, NODES), inside=SEES)
    assert not run.prepared(engine_verdict.waits_for_an_image)

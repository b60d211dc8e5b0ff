"""A GPU host's verdict: its words, its exit status, its record, and what it asks the host for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import FactBase

from facts.cuda_call import CudaCall
from facts.evidence import HostEvidence
from facts.evidence_model import Evidence
from facts.host import HostProbe
from facts.model.host import HostState
from facts.runtime import CudaAnswer, CudaDevice, TorchAnswer
from facts.torch import TorchRuntime
from tasks.layout import ENVS, RECORD
from tasks.python.state import env_of
from tasks.verify import host_verdict, report
from tests.unit.tasks import a_host, a_patient
from tests.unit.tasks.a_host import DRIVER, KERNEL, plan
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.verify.test_comparison import rolled_back

EVIDENCE, DONE = a_patient.EVIDENCE, a_host.done()
BLACKLISTED = replace(DONE, driver=replace(DONE.driver, blocked_in=("/etc/modprobe.d/v.conf",)))


def seen_by_a_login(**changes: Any) -> Evidence:
    """The healthy host's evidence, with these things seen by a login."""
    return replace(EVIDENCE, login=replace(a_patient.LOGIN, **changes))


NO_DEVICE = CudaAnswer(code=100, name="CUDA_ERROR_NO_DEVICE", call="cuInit")
WORKS = CudaAnswer(0, count=1, devices=(CudaDevice(0, name="NVIDIA H100", memory_ok=True),))
TORCH = TorchAnswer(
    env_of(plan()), "2.9.1+cu128", cuda="12.8", cudnn="9.10.2", nccl="2.27.5", available=False
)

pytestmark = pytest.mark.usefixtures("lines")


def asked_for(
    state: HostState,
    call: CudaAnswer = NO_DEVICE,
    torch: TorchAnswer = TORCH,
    rollback: int = 0,
    expected_gpus: int = 0,
    evidence: Evidence | None = None,
) -> ARun:
    """A run with the verdict as its only operation, prepared."""
    seen = evidence or a_patient.EVIDENCE
    run = ARun(state, {CudaCall: call, TorchRuntime: torch, HostEvidence: seen})
    run.prepared(lambda: report.register(run.host))
    run.prepared(
        lambda: host_verdict.report_verdict(
            plan=plan(), rollback=rollback, expected_gpus=expected_gpus, name="Verdict"
        )
    )
    return run


def codes(line: report.Line) -> list[str]:
    """Codes of the findings, without what is said of torch."""
    return [note.split(" (")[0] for note in line.notes if " (" in note.split(":")[0]]


def test_converged_host_without_a_real_gpu_is_ok_and_says_that_nothing_is_proven(
    lines: dict[str, report.Line],
) -> None:
    run = asked_for(a_host.done()).executed()
    assert (lines[NAME].verdict, codes(lines[NAME]), run.exit_status) == ("OK", [], 0)
    assert lines[NAME].proof.startswith("none (no real GPU in this host")


def test_host_whose_gpu_answers_is_proven_by_the_call(lines: dict[str, report.Line]) -> None:
    run = asked_for(a_patient.state(), WORKS).executed()
    assert (lines[NAME].verdict, run.exit_status) == ("OK", 0), lines[NAME].notes
    assert lines[NAME].proof == "cuda-call (1 × memory check: NVIDIA H100)"


def test_record_holds_what_was_planned_what_is_there_and_the_verdict() -> None:
    of_others = {"containers": {"verdict": "WARN"}, "environments": ["/opt/old"]}
    run = asked_for(replace(a_host.done(), record=of_others)).executed()
    record = run.written(RECORD)
    assert record is not None
    assert (record["stack"], record["plan"]) == ("pytorch-2.9", plan().digest)
    assert (record["verdict"], record["proof"][:4]) == ("OK", "none")
    assert record["environments"] == ["/opt/old", env_of(plan())]
    assert record["containers"] == {"verdict": "WARN"}, "parts of other deploys stay"
    versions = record["versions"]
    assert (versions["driver"], versions["driver_origin"]) == (DRIVER, "debian")
    assert (versions["next_boot"], versions["next_boot_ready"]) == (KERNEL, True)
    assert (versions["torch"], versions["cudnn"]) == ("2.9.1", "8.9.6")
    assert record["torch"]["version"] == "2.9.1+cu128"
    assert record["torch"]["key"]["environment"] == env_of(plan())


def test_second_run_changes_nothing_and_imports_no_torch(lines: dict[str, report.Line]) -> None:
    record = asked_for(a_host.done()).executed().written(RECORD)
    run = asked_for(replace(a_host.done(), record=record))
    assert run.changes == []
    run.executed()
    assert (run.wire.commands, run.asked) == ([], [HostProbe, CudaCall, HostEvidence])
    line = lines[NAME]
    assert line.verdict == "OK"
    assert any(note.startswith("torch was imported at") for note in line.notes)


@pytest.mark.parametrize(
    "change",
    [
        {"current_venv": "/opt/other"},
        {"system": replace(a_host.done().system, boot_id="another")},
        {"record": {"environments": []}},
    ],
    ids=["another environment", "another boot", "no record"],
)
def test_torch_is_imported_again_where_something_has_changed(change: dict[str, object]) -> None:
    record = asked_for(a_host.done()).executed().written(RECORD)
    state = replace(a_host.done(), record=record)
    run = asked_for(replace(state, **change))  # type: ignore[arg-type]
    assert TorchRuntime in run.executed().asked


def test_dry_run_announces_the_record_and_asks_for_nothing_but_the_state() -> None:
    run = asked_for(a_host.done())
    assert (run.changes, run.asked, run.wire.commands) == (["Verdict"], [HostProbe], [])


def test_missing_part_is_critical_and_fails_the_host(lines: dict[str, report.Line]) -> None:
    missing = a_host.package("nvidia-smi", status="rc")
    run = asked_for(a_host.with_packages(a_host.done(), missing)).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("CRITICAL", ["DRIVER-INCOMPLETE"])
    assert run.exit_status == 1
    record = run.written(RECORD)
    assert record is not None and record["verdict"] == "CRITICAL"


def test_verdict_that_becomes_another_is_written_though_nothing_else_changed() -> None:
    record = asked_for(a_host.done()).executed().written(RECORD)
    stray = a_host.with_packages(a_host.done(), a_host.package("libnvidia-cfg1"))
    later = asked_for(replace(stray, record=record)).executed().written(RECORD)
    assert later is not None and later["verdict"] == "WARN"


def test_gpu_that_does_not_answer_is_a_fault_and_no_proof(lines: dict[str, report.Line]) -> None:
    run = asked_for(a_patient.state()).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("CRITICAL", ["CUDA-FAILS"])
    assert lines[NAME].proof == "none (cuInit answers 100 CUDA_ERROR_NO_DEVICE)"
    assert run.exit_status == 1


def test_driver_that_waits_for_a_boot_is_a_warning(lines: dict[str, report.Line]) -> None:
    state = a_patient.state()
    waits = replace(
        state,
        kernels=replace(state.kernels, running="6.1.0-50-cloud-amd64"),
        driver=replace(state.driver, loaded=None, loaded_modules=()),
    )
    run = asked_for(waits).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("WARN", ["REBOOT-NEEDED"])
    assert run.exit_status == 0


def test_torch_that_cannot_be_imported_is_critical_and_is_not_noted(
    lines: dict[str, report.Line],
) -> None:
    torch = TorchAnswer(env_of(plan()), why="libcudart.so.12: cannot open")
    run = asked_for(a_host.done(), torch=torch).executed()
    assert (codes(lines[NAME]), run.exit_status) == (["TORCH-IMPORT"], 1)
    record = run.written(RECORD)
    assert record is not None and record["torch"] == {}


def test_host_that_was_sent_back_is_a_warning(lines: dict[str, report.Line]) -> None:
    torch = replace(TORCH, venv=f"{ENVS}/pytorch-2.9-0123456789ab", version="2.8.0+cu126")
    evidence = replace(a_patient.EVIDENCE, login=a_patient.a_login(torch.venv))
    run = asked_for(rolled_back(), torch=torch, rollback=1, evidence=evidence).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == ("WARN", ["ROLLED-BACK"])
    assert run.exit_status == 0


def test_host_with_fewer_gpus_than_announced_is_critical(lines: dict[str, report.Line]) -> None:
    run = asked_for(a_host.done(), expected_gpus=8).executed()
    assert (codes(lines[NAME]), run.exit_status) == (["D23"], 1)


@pytest.mark.parametrize(
    ("evidence", "state", "code", "level"),
    [
        (EVIDENCE, BLACKLISTED, "D13", "CRITICAL"),
        (replace(EVIDENCE, next_cmdline=("module_blacklist=nvidia",)), DONE, "D13", "CRITICAL"),
        (
            replace(EVIDENCE, claims=("modprobe: softdep nvidia pre: vfio-pci",)),
            DONE,
            "CARD-CLAIMED",
            "WARN",
        ),
        (
            seen_by_a_login(stopped="/opt/gpuwright (700 root:root)", reached=False),
            DONE,
            "USER-BLOCKED",
            "CRITICAL",
        ),
        (seen_by_a_login(torch="/srv/torch/__init__.py"), DONE, "USER-TORCH", "CRITICAL"),
        (seen_by_a_login(variables={"LD_PRELOAD": "/usr/lib/x.so"}), DONE, "USER-SETTING", "WARN"),
        (seen_by_a_login(variables={"CUDA_VISIBLE_DEVICES": ""}), DONE, "GPUS-HIDDEN", "WARN"),
    ],
)
def test_host_that_is_as_planned_and_not_well_is_not_ok(
    lines: dict[str, report.Line], evidence: Evidence, state: HostState, code: str, level: str
) -> None:
    run = asked_for(state, evidence=evidence).executed()
    assert (lines[NAME].verdict, codes(lines[NAME])) == (level, [code])
    assert run.exit_status == (1 if level == "CRITICAL" else 0)


@pytest.mark.parametrize("known", [False, True])
def test_login_imports_torch_when_root_does_and_only_then(known: bool) -> None:
    record = asked_for(DONE).executed().written(RECORD)
    run = asked_for(replace(DONE, record=record) if known else DONE)
    asked: list[bool] = []
    told = run.host.get_fact

    def noted(fact: type[FactBase[Any]], *args: Any, **said: Any) -> Any:
        if fact is HostEvidence:
            asked.append(said.get("imports", False))
        return told(fact, *args, **said)

    run.host.get_fact = noted  # type: ignore[assignment,method-assign]
    run.executed()
    assert asked == [not known]

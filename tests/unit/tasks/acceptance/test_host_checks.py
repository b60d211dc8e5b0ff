"""The host as a whole: readings that fail, lost cards, errors of the boot, CUDA, kernels."""

from __future__ import annotations

from typing import Any

import pytest

from facts.runtime import CudaAnswer
from stacks.model.host import Gpu
from tasks.acceptance.judge import judged
from tasks.health.naming import Named
from tasks.verify.proof import Proof
from tests.unit.tasks.acceptance import a_subject
from tests.unit.tasks.acceptance.a_subject import ADDRESSES, CLOCK, found, seen, subject


def test_one_card_missing_is_named_by_its_address() -> None:
    verdict = judged(subject(seen(7), 8))
    assert ("GPU-MISSING", "CRITICAL", "reboot") in found(verdict)
    assert ADDRESSES[7] in verdict.observations[0].observed


def test_doctor_s_word_on_a_missing_card_is_said_once() -> None:
    named = Named("D23", "CRITICAL", "fewer", "7 of 8", "look", needs="person")
    codes = {o.code for o in judged(subject(seen(7), 8, named=(named,))).observations}
    assert codes == {"D23"}


XIDS = [
    ("79, pid=1, GPU has fallen off the bus.", ("GPU-XID", "CRITICAL", "reboot")),
    ("48, pid=1, DBE", ("GPU-XID", "CRITICAL", "reset")),
    ("13, pid=1, Graphics Exception", ("GPU-XID", "WARN", "restart program")),
    ("74, pid=1, NVLink", ("GPU-XID", "CRITICAL", "isolate")),
    ("999, pid=1, ?", ("GPU-XID", "WARN", "none")),
]


@pytest.mark.parametrize(("line", "wanted"), XIDS)
def test_error_of_this_boot_has_the_action_of_nvidia_s_catalogue(
    line: str, wanted: tuple[str, str, str]
) -> None:
    """However long ago: the doctor looks back two hours, an acceptance over the whole boot."""
    log = {"kernel_log": (CLOCK + line,) * 3, "uptime_s": 900_000.0}
    verdict = judged(subject(evidence=log))
    assert found(verdict) == [wanted]
    assert "3 times" in verdict.observations[0].observed


def test_error_that_means_nothing_is_not_told() -> None:
    assert found(judged(subject(evidence={"kernel_log": (CLOCK + "43, pid=1, x",)}))) == []


def test_log_that_cannot_be_read_is_left_out_and_not_passed() -> None:
    log = {"kernel_log": None, "unread": {"kernel_log": "a container has none"}}
    verdict = judged(subject(evidence=log))
    assert "xid" not in verdict.passed
    assert "a container has none" in {item.why for item in verdict.left_out}


SILENT: list[dict[str, Any]] = [
    {"xml": "Unable to determine the device handle for GPU: Unknown Error", "code": 15},
    {"xml": "<?xml version='1.0'?><nvidia_smi_log><gpu", "code": 0},
    {"xml": "", "code": 124},
]


@pytest.mark.parametrize("said", SILENT)
def test_readings_that_fail_are_a_fault_and_never_ok(said: dict[str, Any]) -> None:
    verdict = judged(subject(seen(8, **said)))
    assert ("GPU-SILENT", "CRITICAL", "reboot") in found(verdict)
    assert "ecc" not in verdict.passed


def test_wrong_result_of_the_selftest_is_a_fault_of_the_host() -> None:
    wrong = a_subject.selftest(collective={"backend": "nccl", "world": 8, "why": "the sum is 3"})
    assert found(judged(subject(seen(selftest=wrong)))) == [("GPU-KERNEL", "CRITICAL", "isolate")]


@pytest.mark.parametrize("backend", ["gloo", None])
def test_selftest_that_used_no_gpu_proves_nothing(backend: str | None) -> None:
    told = a_subject.selftest(collective={"backend": backend, "world": 2}, torch={})
    assert found(judged(subject(seen(selftest=told)))) == [("GPU-UNPROVEN", "UNKNOWN", "none")]


def test_selftest_over_fewer_gpus_than_there_are_proves_nothing() -> None:
    verdict = judged(subject(seen(selftest=a_subject.selftest(7))))
    assert ("GPU-UNPROVEN", "UNKNOWN", "none") in found(verdict)


def test_slices_of_a_card_are_said_and_the_other_slices_left_out() -> None:
    health = seen(1, {0: {"mig_mode/current_mig": "Enabled"}})
    verdict = judged(subject(health, 1))
    assert found(verdict) == []
    assert "kernel" in {item.check for item in verdict.left_out}
    assert "kernel" not in verdict.passed


def test_device_that_does_not_keep_its_memory_is_named() -> None:
    verdict = judged(subject(cuda=a_subject.call(8, memory_ok=False, error=None)))
    assert ("GPU-CUDA", "CRITICAL", "reset") in found(verdict)


def test_cuda_that_sees_fewer_gpus_is_a_fault() -> None:
    verdict = judged(subject(cuda=a_subject.call(6)))
    assert ("GPU-CUDA", "CRITICAL", "reboot") in found(verdict)


def test_other_model_than_announced_is_named() -> None:
    verdict = judged(subject(expected=(Gpu("a100"),) * 8))
    assert {o.code for o in verdict.observations} == {"GPU-MODEL"}
    assert len(verdict.observations) == 8


def test_container_that_gets_no_gpu_is_a_fault_and_one_that_was_not_tried_is_left_out() -> None:
    bad = Named("CONTAINER-NO-GPU", "CRITICAL", "none", "no device", "fix it")
    verdict = judged(subject(container=Proof("none", (bad,))))
    assert found(verdict) == [("GPU-CONTAINER", "CRITICAL", "restart program")]
    verdict = judged(subject(container=Proof("none (no image is here)")))
    assert found(verdict) == []
    assert "none (no image is here)" in {item.why for item in verdict.left_out}


LATE = [
    {"collective": {"backend": "nccl", "world": 8, "why": "no end within 20 s: nccl hangs"}},
    {"cuda": {"hangs": True, "why": "no answer within 30 s"}, "collective": {}},
]


@pytest.mark.parametrize("said", LATE)
def test_selftest_that_did_not_end_in_time_proves_nothing_and_accuses_no_card(
    said: dict[str, Any],
) -> None:
    """The first import of torch after a boot may take longer than quick has time."""
    verdict = judged(subject(seen(selftest=a_subject.selftest(**said))))
    assert found(verdict) == [("GPU-UNPROVEN", "UNKNOWN", "none")]
    assert "did not end in time" in verdict.proof


def test_selftest_s_word_on_versions_is_no_word_on_a_card() -> None:
    told = a_subject.selftest(verdict="CRITICAL", faults=["torch is 2.8, planned is 2.9"])
    assert found(judged(subject(seen(selftest=told)))) == []


def test_sum_that_is_wrong_is_a_fault() -> None:
    told = a_subject.selftest(torch={"computed": False})
    assert found(judged(subject(seen(selftest=told)))) == [("GPU-KERNEL", "CRITICAL", "isolate")]


def test_call_that_could_not_be_made_leaves_it_open() -> None:
    verdict = judged(subject(cuda=CudaAnswer(None, why="no Python is there")))
    assert found(verdict) == [("GPU-CUDA", "UNKNOWN", "reboot")]

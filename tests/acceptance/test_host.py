"""Nothing global, nothing left over, nothing failed; and the host's own record agrees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from facts.evidence import evidence_command
from facts.parse.evidence import evidence
from stacks.model.plan import CudaPlan
from tasks.deploy import deploy_of
from tasks.guard import kernel_guard
from tasks.health.case import Case
from tasks.layout import ENVIRONMENT, RECORD, ROOT
from tasks.verify import comparison, soundness
from tests.acceptance import build
from tests.acceptance.subject import Subject

GLOBAL_FILES = (
    "/etc/environment /etc/environment.d /etc/profile /etc/profile.d /etc/bash.bashrc "
    "/etc/security/pam_env.conf /etc/default/locale /etc/systemd/system.conf.d "
    "/etc/systemd/user.conf.d /root/.profile /root/.bashrc /root/.bash_profile"
)
VARIABLES = ("LD_LIBRARY_PATH", "LD_PRELOAD", "CUDA_HOME", "NVCC_PREPEND_FLAGS")


@pytest.fixture(scope="session")
def record(host: Subject) -> dict[str, Any]:
    """What the last run wrote down on the host."""
    told: dict[str, Any] = json.loads(host.run(f"cat {RECORD}"))
    return told


def test_record_is_of_this_plan(host: Subject, record: dict[str, Any]) -> None:
    assert record["stack"] == host.plan.stack
    assert record["plan"] == host.plan.digest


def test_record_says_ok(record: dict[str, Any]) -> None:
    assert record["verdict"] == "OK"


def test_no_file_sets_these_variables_for_everybody(host: Subject) -> None:
    names = "|".join(VARIABLES)
    assert host.lines(f"grep -rE '^[^#]*({names})' {GLOBAL_FILES} 2>/dev/null || true") == []


@pytest.mark.parametrize(
    "session",
    [
        pytest.param("env", id="ssh"),
        pytest.param("env -i HOME=/root bash -lc env", id="login-shell"),
        pytest.param("env -i HOME=/root bash -ic env 2>/dev/null", id="interactive-shell"),
        pytest.param("systemctl show-environment", id="systemd"),
    ],
)
def test_sessions_have_none_of_these_variables(host: Subject, session: str) -> None:
    names = {line.split("=")[0] for line in host.lines(session)}
    assert not names & set(VARIABLES)


def test_loader_has_no_entry_for_cuda_or_cudnn(host: Subject) -> None:
    entries = "grep -rhE '^[^#]*(cuda|cudnn|gpuwright)' /etc/ld.so.conf /etc/ld.so.conf.d || true"
    assert host.lines(entries) == []
    assert host.lines("cat /etc/ld.so.preload 2>/dev/null || true") == []


def test_loader_knows_no_cudnn(host: Subject) -> None:
    if host.plan.cudnn and host.plan.cudnn.packages:
        pytest.skip(f"{host.name}: its cuDNN comes as packages, which every program finds")
    assert not [line for line in host.lines("ldconfig -p") if "libcudnn" in line]


def test_environment_file_is_for_everybody_to_read(host: Subject, cuda: CudaPlan) -> None:
    file = host.shell.file(ENVIRONMENT)
    assert (file.user, oct(file.mode)) == ("root", "0o644")


def test_environment_file_may_be_loaded_twice(host: Subject, cuda: CudaPlan) -> None:
    """Under ``set -eu`` too, as careful scripts do."""
    host.run(build.bare(f"set -u; {build.LOADED}; {build.LOADED}"))


def test_rules_that_verdict_and_doctor_share_name_nothing_critical(host: Subject) -> None:
    command = evidence_command(soundness.kernels_to_look_into(host.state))
    case = Case(host.state, evidence(host.run(command).splitlines()), host.plan)
    planned = comparison.compare(host.state, host.plan)
    found = soundness.with_rules(case, planned, deploy_of(host.plan))
    assert [f for f in found if f.level == "CRITICAL"] == []


def test_no_unit_of_ours_has_failed(host: Subject) -> None:
    failed = host.lines("systemctl list-units --failed --plain --no-legend | cut -d' ' -f1")
    assert not [u for u in failed if u.startswith(("gpuwright", "nvidia", "dkms", "apt-"))]


def test_no_job_is_running(host: Subject) -> None:
    jobs = host.lines("systemctl list-units --plain --no-legend 'gpuwright-*.service'")
    assert [job for job in jobs if not job.startswith(kernel_guard.SERVICE)] == []


def test_package_manager_is_whole(host: Subject) -> None:
    if host.state.package_manager.kind == "dnf":
        host.run("dnf -q check --dependencies --duplicates --obsoleted")
        return
    assert host.lines("dpkg --audit") == []
    host.run("apt-get check -q -o Debug::NoLocking=1")


@pytest.mark.parametrize(
    "pattern",
    [
        "/etc/dkms/no-autoinstall",
        "/run/gpuwright-dkms-deferred",
        "/var/tmp/gpuwright-*.part",
        f"{ROOT}/*.new",
        f"{ROOT}/*/*.new",
        f"{ROOT}/*/*.part",
        "/usr/local/cuda*.new",
        "/etc/*/*gpuwright*.new",
        "/etc/*/*/*gpuwright*.new",
        "/var/lib/gpuwright/jobs/*/*.part",
    ],
)
def test_nothing_is_left_over(host: Subject, pattern: str) -> None:
    assert host.lines(f"ls -d {pattern} 2>/dev/null || true") == []

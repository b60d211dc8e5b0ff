"""The system's CUDA toolkit: fetched beside other work, installed once, shown to nobody else."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from facts.model.software import CudaToolkit
from stacks.model.plan import Download, Plan
from tasks.cuda import toolkit
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import with_packages
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.sent import jobs, prepare, ran

PREFIX = "/usr/local/cuda-11.8"


def from_tarballs() -> Plan:
    """The plan with NVIDIA's tarballs in place of the archive's packages."""
    file = Download("cuda_nvcc", "https://example.org", "nvcc.tar.xz", "ab" * 32)
    cuda = replace(a_host.parts()[1], packages=(), downloads=(file,), prefix=PREFIX)
    return replace(a_host.plan(), cuda=cuda)


def test_finished_host_is_left_alone() -> None:
    for operation in (toolkit.fetched, toolkit.installed):
        run = ran(operation, a_host.done(), plan=a_host.plan())
        assert (run.changes, run.wire.commands) == ([], [])


def test_packages_are_fetched_once_and_then_installed_from_there() -> None:
    run = ARun(a_host.bare())
    prepare(run, toolkit.fetched, plan=a_host.plan())
    prepare(run, toolkit.installed, plan=a_host.plan())
    assert run.executed().exit_status == 0
    scripts = jobs(run)
    assert list(scripts) == ["cuda-fetch", "cuda"]
    assert "--download-only" in scripts["cuda-fetch"]
    assert "--download-only" not in scripts["cuda"]
    folder = f"Dir::Cache::Archives={toolkit.ARCHIVES}"
    assert folder in scripts["cuda-fetch"] and folder in scripts["cuda"]


def test_small_machine_fetches_and_installs_in_one_go() -> None:
    state = replace(a_host.bare(), system=replace(a_host.bare().system, memory_mb=2000))
    run = ARun(state)
    prepare(run, toolkit.fetched, plan=a_host.plan())
    prepare(run, toolkit.installed, plan=a_host.plan())
    assert list(jobs(run.executed())) == ["cuda"]


def test_compiler_comes_with_the_toolkit() -> None:
    script = jobs(ran(toolkit.fetched, a_host.bare(), plan=a_host.plan()))["cuda-fetch"]
    (install,) = re.findall("apt-get install --download-only .*", script)
    assert {"nvidia-cuda-toolkit", "g++-11"} <= set(install.split())


def test_host_that_lacks_only_the_compiler_gets_it() -> None:
    done = a_host.done()
    gone = {name: p for name, p in done.packages.items() if name != "g++-11"}
    assert ran(toolkit.installed, replace(done, packages=gone), plan=a_host.plan()).changes


def test_tarballs_are_fetched_by_the_job_itself() -> None:
    plan = from_tarballs()
    assert ran(toolkit.fetched, a_host.bare(), plan=plan).changes == []
    script = jobs(ran(toolkit.installed, a_host.bare(), plan=plan))["cuda"]
    assert "https://example.org/nvcc.tar.xz" in script
    assert "ab" * 32 in script


@pytest.mark.parametrize(
    ("path", "version", "due"),
    [(PREFIX, "11.8.0", False), (PREFIX, "11.80", True), ("/usr/local/cuda-11", "11.8.0", True)],
)
def test_toolkit_of_tarballs_is_there_in_its_release_under_its_prefix(
    path: str, version: str, due: bool
) -> None:
    compilers = (a_host.package(name, "11") for name in ("g++-11", "g++"))
    state = replace(
        with_packages(a_host.bare(), *compilers), cuda=(CudaToolkit(path, version, None, None),)
    )
    assert bool(ran(toolkit.installed, state, plan=from_tarballs()).changes) is due


def test_nvidias_libraries_are_shown_to_no_other_program(tmp_path: Path) -> None:
    folder, bin_ = tmp_path / "ld.so.conf.d", tmp_path / "bin"
    folder.mkdir()
    bin_.mkdir()
    nvidias, others = folder / "000_cuda.conf", folder / "local.conf"
    nvidias.write_text("/usr/local/cuda/targets/x86_64-linux/lib\n/opt/mine\n")
    others.write_text("/usr/local/cuda/lib64\n")
    calls = tmp_path / "calls"
    (bin_ / "ldconfig").write_text(f"#!/bin/sh\necho called >>{calls}\n")
    (bin_ / "ldconfig").chmod(0o755)
    script = toolkit.QUIET_LOADER.replace("/etc/ld.so.conf.d", str(folder))
    for _ in range(2):  # the second run finds nothing to do
        environment = {"PATH": f"{bin_}:/usr/bin:/bin"}
        subprocess.run(["sh", "-euc", script], check=True, env=environment)
    first, second = nvidias.read_text().splitlines()
    assert first.startswith("#") and second == "/opt/mine"
    assert others.read_text() == "/usr/local/cuda/lib64\n"
    assert calls.read_text() == "called\n"

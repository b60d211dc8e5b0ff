"""What a run says that it will do: everything on a bare host, nothing on a finished one."""

from __future__ import annotations

from dataclasses import replace

from tasks.host import forecast
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import DRIVER, KERNEL, plan


def test_bare_host_is_told_versions_and_kernels() -> None:
    said = "\n".join(forecast.lines(a_host.bare(), plan()))
    for word in (DRIVER, KERNEL, "CUDA 11.8", "cuDNN 8.9", "torch 2.9.1", "/opt/gpuwright/envs/"):
        assert word in said


def test_finished_host_is_told_nothing() -> None:
    assert forecast.lines(a_host.done(), plan()) == []


def test_new_kernel_is_named_alone() -> None:
    state = a_host.done()
    newer = replace(state.kernels.installed[0], release="6.1.0-99-cloud-amd64")
    kernels = replace(state.kernels, installed=(*state.kernels.installed, newer))
    assert forecast.lines(replace(state, kernels=kernels), plan()) == [
        "will build a module for 6.1.0-99-cloud-amd64"
    ]

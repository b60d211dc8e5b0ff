"""Requests for a part: the very same first, then ever less."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stacks.model.containers import ContainerRequest
from stacks.model.requests import CudaRequest, CudnnRequest, DriverRequest
from tasks.adopt import requests
from tasks.host.components import OURS, Cuda, Cudnn, Driver, Engine, Torch
from tests.unit.stacks.hosts import CATALOG


def test_driver_s_own_origin_comes_first_and_the_resolver_s_choice_last() -> None:
    found = [*requests.drivers(Driver("580.1.1", "nvidia", "open"), "debian-12", "x86_64", CATALOG)]
    assert found[0] == DriverRequest(version="580.1.1", flavour="open", origin="nvidia")
    assert found[-1] == DriverRequest()
    whole = [bool(one.flavour) for one in found if one.origin]
    assert all(before >= after for before, after in pairwise(whole)), "the flavour is kept longest"


def test_unknown_branch_becomes_the_next_one_above_it() -> None:
    driver = Driver("560.35.03", "runfile", "open")
    found = [r for r in requests.drivers(driver, "debian-12", "x86_64", CATALOG) if not r.origin]
    assert found[0] == DriverRequest(branch="580", flavour="open")


@pytest.mark.parametrize("os", ["debian-12", "plan9", ""])
def test_host_without_a_driver_and_an_unknown_system_leave_it_to_the_resolver(os: str) -> None:
    assert [*requests.drivers(None, os, "x86_64", CATALOG)] == [DriverRequest()]
    odd = Driver("nonsense", "?", None)
    assert [*requests.drivers(odd, "plan9", "x86_64", CATALOG)] == [DriverRequest()]


def test_toolkit_keeps_its_purpose_before_its_origin() -> None:
    found = [*requests.toolkits(Cuda("11.8", "/usr/lib/cuda", "debian", True))]
    assert found[:2] == [CudaRequest("11.8", "compile", "debian"), CudaRequest("11.8", "compile")]
    runs = [*requests.toolkits(Cuda("11.8", "/usr/local/cuda-11.8", "runfile", False))]
    assert [one.purpose for one in runs] == ["runtime", "auto"]


def test_cudnn_of_ours_may_be_of_a_wheel_or_a_tarball() -> None:
    found = [*requests.cudnns(Cudnn("8.9.6.50", "/opt/gpuwright/cudnn/8.9.6.50-cuda11", OURS))]
    assert [one.origin for one in found[:3]] == ["wheels", "redist", None]
    assert found[-1] == CudnnRequest("8.9")


def test_pytorch_that_no_wheel_is_like_is_not_asked_for() -> None:
    assert not [*requests.torches(Torch("2.9.0a0", "/x", "venv", "3.11", None, from_source=True))]
    assert not [*requests.torches(Torch("2.9.1", "/x", "venv", "3.11", "cpu"))]
    assert len([*requests.torches(Torch("2.9.1", "/x", "venv", "3.11", "cu128"))]) == 4
    assert len([*requests.torches(Torch("2.9.1", "/x", "venv", None, None))]) == 1


def test_archive_s_docker_is_asked_for_without_a_version() -> None:
    own = Engine("docker", "29.4.1", "docker")
    assert next(requests.containers((own,), "1.20.0")) == ContainerRequest(
        ("docker",), "docker", "29.4.1", "1.20.0"
    )
    archive = Engine("docker", "20.10.24", "distribution")
    assert next(requests.containers((archive,), "1.20.0")).docker_version is None
    assert not [*requests.containers((own,), None)] and not [*requests.containers((), "1.20.0")]

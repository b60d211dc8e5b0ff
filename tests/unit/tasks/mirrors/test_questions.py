"""What a mirror is asked for, by the plan that would take from it."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.host import resolution
from tasks.hostdata.mirrors import Candidate
from tasks.mirrors import questions
from tasks.python import locks
from tests.unit.tasks import a_host

AT = "http://ana:hunter2@m.example.org/x"


def asked(kind: str, address: str = AT, **data: Any) -> questions.Question | None:
    """For a bare host of Debian 12 whose data say so."""
    said = {"driver_origin": "debian", **data}
    mirrors = {kind: address} if address else {}
    plan = resolution.resolved(a_host.bare(), {**said, "mirrors": mirrors}).plan
    marked = resolution.resolved(a_host.bare(), {**said, "mirrors": questions.marked()}).plan
    assert plan is not None and marked is not None
    lock = locks.text({}, plan.torch.lock) if plan.torch else ""
    torch = questions.torch_kind(marked)
    return questions.question(Candidate(kind, address, "m"), plan, lock, torch, None)


def wanted(**data: Any) -> frozenset[str]:
    said = {"driver_origin": "debian", **data, "mirrors": questions.marked()}
    plan = resolution.resolved(a_host.bare(), said, containers="docker_origin" in data).plan
    assert plan is not None
    return questions.wanted_kinds(plan)


def test_kinds_are_those_that_the_plan_takes_from() -> None:
    assert wanted() == {"pypi"}
    assert wanted(torch_variant="cu126") == {"pypi", "pytorch"}
    assert wanted(cuda_origin="redist") == {"pypi", "redist"}
    assert wanted(driver_origin="nvidia") >= {"nvidia", "pypi"}
    assert wanted(docker_origin="docker") == {"toolkit", "docker"}
    assert wanted(without=["torch", "cudnn"]) == frozenset()


def test_index_is_asked_for_the_locked_wheel_and_the_login_is_beside_the_address() -> None:
    found = asked("pypi")
    assert found is not None
    words = found.line.rstrip("\n").split("\t")
    assert words[:3] == ["pypi", "page", "http://m.example.org/x/torch/"]
    assert words[3] == r"torch-2\.9\.1-cp311-cp311-manylinux_2_28_x86_64\.whl"
    assert words[6] == 'user = "ana:hunter2"'
    assert "hunter2" not in "".join(words[:6])


@pytest.mark.parametrize(
    ("address", "page"),
    [
        (AT, "http://m.example.org/x/cu126/torch/"),
        (f"flat+{AT}", "http://m.example.org/x/cu126/"),
    ],
)
def test_pytorchs_wheels_are_asked_for_by_build_and_layout(address: str, page: str) -> None:
    found = asked("pytorch", address, torch_variant="cu126")
    assert found is not None
    assert found.line.split("\t")[2] == page
    assert found.pattern == r"torch-2\.9\.1(\+|%2[Bb])cu126-cp311-cp311-manylinux_2_28_x86_64\.whl"
    beside = asked("pypi", torch_variant="cu126")
    assert beside is not None and "torch" not in beside.index.removeprefix(AT)


def test_tarballs_are_asked_for_by_the_longest() -> None:
    found = asked("redist", "http://m.example.org/compute", cuda_origin="redist")
    assert found is not None
    assert found.form == "file" and found.file.startswith(
        "http://m.example.org/compute/cuda/redist/"
    )


def test_repository_is_asked_for_its_index_and_its_packages() -> None:
    found = asked("nvidia", "http://m.example.org/repos", driver_origin="nvidia")
    assert found is not None
    at = "http://m.example.org/repos/debian12/x86_64/"
    assert (found.form, found.index, found.file, found.root) == ("apt", at, at, at)


def test_default_of_the_client_whose_address_nobody_knows_is_not_asked() -> None:
    assert asked("pypi", "") is None


def test_files_of_a_lock_by_package() -> None:
    lock = "torch==1 \\\n    --hash=sha256:00\n    # torch-1-a.whl\n    # torch-1-b.whl\nx==2\n"
    assert questions.locked_files(lock) == {"torch": "torch-1-a.whl"}
    assert questions.locked_files("") == {}

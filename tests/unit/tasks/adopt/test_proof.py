"""What the written files lead to, held against what the host has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.load import StackError
from stacks.model.requests import Stack
from tasks.adopt import proof
from tasks.adopt.adoption import Adoption, adopted
from tasks.host import resolution
from tasks.host.components import Components
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.a_handmade_host import (
    handmade,
    pytorch,
    with_cuda,
    with_cudnn,
    with_driver,
)
from tests.unit.tasks.adopt.test_adoption import again

CATALOG = resolution.catalog()


def told(adoption: Adoption | tuple[object, ...]) -> list[str]:
    """Every difference that stays."""
    assert isinstance(adoption, Adoption)
    plan = again(adoption)
    assert plan is not None
    return [one.text for one in proof.differences(adoption.seen, adoption.stack, plan)]


def test_older_driver_of_an_archive_differs_in_its_version() -> None:
    found = adopted(with_driver("535.1.1", "Debian"), handmade(), None, {}, CATALOG)
    assert told(found) == ["driver version: here 535.1.1, planned 535.309.01"]


def test_runfile_differs_in_its_origin_alone() -> None:
    found = adopted(with_driver("580.159.04", "runfile", "open"), handmade(), None, {}, CATALOG)
    assert told(found) == ["driver origin: here runfile, planned nvidia"]


def test_every_part_that_differs_is_told() -> None:
    state = with_cudnn(with_driver("575.57.08", "runfile", "open"), "8.9.1", "/usr/local/cuda-11.8")
    state = with_cuda(state, "11.8", runfile=True)
    found = adopted(state, handmade(pytorch("2.7.1+cu118", python="3.9")), None, {}, CATALOG)
    assert [line.split(":")[0] for line in told(found)] == [
        "driver version",
        "driver origin",
        "origin of CUDA 11.8",
        "cuDNN version",
        "place of cuDNN",
        "Python",
    ]


def test_host_of_our_own_differs_in_nothing() -> None:
    assert told(adopted(a_host.done(), handmade(), None, {}, CATALOG)) == []


def test_planned_driver_of_a_host_without_one_is_told() -> None:
    state = with_cuda(a_host.bare(), "11.8")
    (line,) = told(adopted(state, handmade(), None, {}, CATALOG))
    assert line.startswith("driver: here none, planned ")


def test_stack_that_says_nonsense_is_refused() -> None:
    with pytest.raises(StackError):
        proof.resolved(a_host.done(), "summary: 1\n", "", False)
    with pytest.raises(ValueError, match="malformed"):
        proof.read("mirrors = open('/etc/shadow')")


def test_differences_are_of_parts_that_are_asked_for() -> None:
    plan = a_host.plan()
    seen = Components((), None)
    nothing = Stack("x", "", resolution.stack_of({}).driver, None, None, None)
    found = proof.differences(seen, nothing, replace(plan, driver=None))
    assert found == []

"""What speaks against a benchmark on a host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.parse.images import ImageState
from tasks.benchmark.benchmark_conflicts import image_name, no_image, of_host, partner
from tasks.hostdata.benchmark import BenchmarkSettings
from tests.unit.tasks import a_host

CPU, GPU = BenchmarkSettings(cpu=2), BenchmarkSettings()
EXACT = "pytorch-cuda:v2.9-0123456789ab"


def able(loaded: str | None = a_host.DRIVER) -> HostState:
    """A host with an environment and a driver."""
    state = a_host.bare()
    driver = replace(state.driver, loaded=loaded)
    return replace(state, current_venv="/opt/gpuwright/envs/x", driver=driver)


def codes(state: HostState, settings: BenchmarkSettings, *users: str) -> list[str]:
    return [c.code for c in of_host(state, settings, users)]


def test_nothing_speaks_against_a_host_that_has_all() -> None:
    assert codes(able(), GPU) == []
    assert codes(able(None), CPU) == []


def test_host_without_environment_or_gpu_is_refused_with_a_deploy_to_run() -> None:
    assert codes(a_host.bare(), CPU) == ["BENCH-NO-ENVIRONMENT"]
    (found,) = of_host(able(None), GPU, ())
    assert found.code == "BENCH-NO-GPU" and "benchmark_cpu=2" in found.remedies[1]


def test_gpus_in_use_are_refused_by_name_unless_it_is_asked_for_anyway() -> None:
    users = tuple(f"{n} python3" for n in range(9))
    (found,) = of_host(able(), GPU, users)
    assert found.code == "BENCH-GPUS-BUSY"
    assert "0 python3" in found.why and "and 4 more" in found.why
    assert codes(able(), replace(GPU, anyway=True), *users) == []
    assert codes(able(), CPU, *users) == []


@pytest.mark.parametrize(
    ("names", "noted", "wanted"),
    [
        ({EXACT}, None, EXACT),
        ({"pytorch-cuda:v2.9-old"}, "pytorch-cuda:v2.9-old", "pytorch-cuda:v2.9-old"),
        ({"pytorch-cuda:v2.9-old"}, "pytorch-cuda:v2.9-gone", ""),
        ({EXACT}, ["a list"], EXACT),
        (set(), EXACT, ""),
    ],
)
def test_image_is_the_plan_s_own_else_the_last_that_a_run_put_there(
    names: set[str], noted: object, wanted: str
) -> None:
    state = ImageState(images=dict.fromkeys(names, "sha256:x"), record={"exact": noted})
    assert image_name(EXACT, state) == wanted


def test_missing_image_is_told_with_those_that_are_there() -> None:
    found = no_image(EXACT, ImageState(images={"pytorch-cuda:v1": "x"}))
    assert found.code == "BENCH-NO-IMAGE" and "Docker has pytorch-cuda:v1" in found.why


@pytest.mark.parametrize(
    ("against", "ready", "why"),
    [
        ("gpu2", {"gpu1": True, "gpu2": True}, None),
        ("gpu2", {"gpu1": True, "gpu2": False}, "cannot be measured"),
        ("gpu2", {"gpu1": True}, "not in this run"),
        ("gpu9", {"gpu1": True}, "no host of that name"),
        ("gpu1", {"gpu1": True}, "this very host"),
    ],
)
def test_other_host_must_be_one_that_can_be_measured(
    against: str, ready: dict[str, bool], why: str | None
) -> None:
    found = partner("gpu1", against, ready, ["gpu1", "gpu2"])
    assert (found is None) == (why is None)
    assert found is None or (found.code == "BENCH-AGAINST" and str(why) in found.why)

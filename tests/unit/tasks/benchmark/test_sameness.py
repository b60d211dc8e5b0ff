"""What differs between two sides, and which figures it can move."""

from __future__ import annotations

import pytest

from tasks.benchmark.metrics import BY_NAME, METRICS
from tasks.benchmark.sameness import cause_of, causes, differences


def test_equal_sides_differ_in_nothing() -> None:
    assert (
        differences({"torch": "2.9.1", "wheel a": "1 x"}, {"wheel a": "1 x", "torch": "2.9.1"})
        == ()
    )


@pytest.mark.parametrize(
    ("name", "moved", "unmoved"),
    [
        ("torch", "resnet50_train", "start_warm"),
        ("NCCL", "bert_step", "resnet50_train"),
        ("variable NCCL_ALGO", "collective_share", "detect_p50"),
        ("wheel nvidia-cudnn-cu12", "resnet50_train", "loading"),
        ("GPU 0 power limit", "resnet50_train", "loading"),
        ("cgroup cpu.max", "loading", "collective_share"),
        ("process Seccomp", "detect_p99", "resnet50_train"),
        ("mitigation spectre_v2", "detect_p99", ""),
        ("process Speculation_Store_Bypass", "loading", ""),
        ("shared memory", "loading", "start_warm"),
        ("files of torch on", "import_cold", "loading"),
        ("volume on", "loading", "import_cold"),
        ("started by", "start_warm", "import_warm"),
        ("NUMA nodes", "detect_p99", "start_cold"),
        ("ulimit memlock", "bert_step", "loading"),
    ],
)
def test_each_kind_of_difference_names_the_figures_that_it_can_move(
    name: str, moved: str, unmoved: str
) -> None:
    (found,) = differences({name: "1"}, {name: "2"})
    assert found.moves(BY_NAME[moved])
    assert not unmoved or not found.moves(BY_NAME[unmoved])


def test_wheels_that_torch_does_not_compute_with_are_one_line() -> None:
    image = {f"wheel jupyter-{n}": "1 x" for n in range(9)}
    (found,) = differences({"wheel pytest": "9 x"}, image)
    assert found.first == "pytest"
    assert found.second.startswith("jupyter-0, ") and found.second.endswith("and 3 more")
    assert not any(found.moves(metric) for metric in METRICS)


def test_wheel_that_torch_computes_with_is_named_even_if_one_side_lacks_it() -> None:
    (found,) = differences({"wheel triton": "3 x"}, {})
    assert (found.name, found.second) == ("wheel triton", "nothing")


def test_what_can_move_a_figure_comes_before_what_cannot() -> None:
    names = [
        d.name
        for d in differences(
            {"process Uid": "0", "unheard of": "1"}, {"torch": "2", "process Uid": "1"}
        )
    ]
    assert names == ["torch", "unheard of", "process Uid"]


def test_every_row_has_a_reason_and_a_source_and_no_row_is_hidden_by_an_earlier_one() -> None:
    assert all(row.why and row.source for row in causes().rows)
    assert cause_of("kernel") is not cause_of("kernel command line")
    assert cause_of("GPU 0") is not cause_of("GPU 0 power limit")
    assert cause_of("memory") is not None and cause_of("of no kind") is None

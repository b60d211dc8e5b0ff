"""Kubernetes' nodes: what `kubectl` says, and a stand-in that does what it is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gpuwright.roll.drains import DrainError, Standing
from gpuwright.roll.kubernetes import ANNOTATION, Kubernetes, standing
from tests.unit.gpuwright.roll import schedulers

ROLL = "20261130-160000"


def node(cordoned: bool = False, roll: str | None = None) -> dict[str, Any]:
    notes = {ANNOTATION: roll} if roll else {}
    return {"metadata": {"annotations": notes}, "spec": {"unschedulable": cordoned}}


def pod(name: str, phase: str = "Running", **limits: str) -> dict[str, Any]:
    spec = {"containers": [{"resources": {}}, {"resources": {"limits": limits}}]}
    return {
        "metadata": {"namespace": "ml", "name": name},
        "spec": spec,
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (node(), Standing(False)),
        ({"spec": {}}, Standing(False)),
        (node(True, ROLL), Standing(True, True)),
        (node(True), Standing(True, by="cordoned, nobody knows by whom")),
        (node(True, "20250101-000000"), Standing(True, by="roll 20250101-000000")),
        (node(False, ROLL), Standing(False)),
    ],
)
def test_node_is_ours_only_with_our_annotation(said: Any, expected: Standing) -> None:
    assert standing(said, {"items": []}, ROLL) == expected


def test_pods_that_asked_for_gpus_are_waited_for_and_no_others() -> None:
    pods = [
        pod("train", **{"nvidia.com/gpu": "8"}),
        pod("slice", "Pending", **{"nvidia.com/mig-1g.10gb": "1"}),
        pod("over", "Succeeded", **{"nvidia.com/gpu": "1"}),
        pod("web", cpu="1"),
    ]
    assert standing(node(), {"items": pods}, ROLL).jobs == "pods ml/slice, ml/train"


@pytest.mark.parametrize("said", [None, [], {}, {"spec": []}, "x"])
def test_what_is_no_node_is_no_answer(said: Any) -> None:
    with pytest.raises(DrainError, match="could be read"):
        standing(said, {}, ROLL)


@pytest.mark.parametrize("pods", [None, {"items": [None, {"spec": {"containers": [None]}}]}])
def test_odd_pods_use_nothing(pods: Any) -> None:
    assert standing(node(), pods, ROLL) == Standing(False)


def test_node_is_cordoned_emptied_and_given_back(tmp_path: Path) -> None:
    made = schedulers.kubernetes(tmp_path / "k8s", gpu01={}, theirs={"unschedulable": True})
    (made.folder / "gpu01.pods").write_text(json.dumps({"items": [pod("web", cpu="1")]}))
    cluster = Kubernetes(ROLL, made.command)

    async def course() -> list[Standing]:
        seen = [await cluster.standing("gpu01"), await cluster.standing("theirs")]
        await cluster.drain("gpu01")
        seen.append(await cluster.standing("gpu01"))
        await cluster.empty("gpu01")
        await cluster.undrain("gpu01")
        return [*seen, await cluster.standing("gpu01")]

    before, theirs, drained, after = asyncio.run(course())
    assert (before.drained, drained.ours, after.drained) == (False, True, False)
    assert theirs.drained and not theirs.ours
    assert made.called == [
        f"annotate node gpu01 {ANNOTATION}={ROLL} --overwrite",
        "cordon gpu01",
        "drain gpu01 --ignore-daemonsets --timeout=600s",
        "uncordon gpu01",
        f"annotate node gpu01 {ANNOTATION}-",
    ]
    (made.folder / "stubborn").touch()
    with pytest.raises(DrainError, match="use --force to override"):
        asyncio.run(cluster.empty("gpu01"))


def test_undrain_command_takes_the_annotation_away_too() -> None:
    assert Kubernetes(ROLL).undrain_command("n") == (
        f"kubectl uncordon n && kubectl annotate node n {ANNOTATION}-"
    )

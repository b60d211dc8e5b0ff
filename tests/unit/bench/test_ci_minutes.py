"""The ways to a job's environment: what counts, and what must not help."""

from __future__ import annotations

import subprocess

import pytest

from bench import ci_minutes
from bench.target import BenchError

IMAGE = "pytorch-cuda:v2.9-0123456789ab"
WAYS = ci_minutes.ways("http://10.0.0.1:8080/simple", IMAGE)


def test_every_way_is_shell_and_ends_with_the_same_proof() -> None:
    for way in WAYS.values():
        for script in (way.before, way.counted):
            subprocess.run(["sh", "-n"], input=script, text=True, check=True)
        assert way.counted.endswith(f"'{ci_minutes.PROOF}'")


def test_pip_has_no_cache_and_uv_has_the_host_s() -> None:
    assert "--no-cache-dir" in WAYS["pip"].counted
    assert "UV_CACHE_DIR=/var/cache/gpuwright/uv" in WAYS["uv"].counted
    for name in ("pip", "uv"):
        assert "--require-hashes --only-binary=:all:" in WAYS[name].counted


def test_pulled_image_leaves_no_layer_to_begin_with() -> None:
    before = WAYS["pulled"].before
    assert before.index("docker push") < before.index("docker rmi") < before.index("prune")


def test_image_is_found_by_the_name_that_never_moves() -> None:
    assert ci_minutes.exact(f"debian:x\npytorch-cuda:v2.9\n{IMAGE}\n") == IMAGE
    with pytest.raises(BenchError, match=r"deploys/image\.py"):
        ci_minutes.exact("pytorch-cuda:v2.9\n")


def test_host_must_be_named() -> None:
    with pytest.raises(BenchError, match="--host"):
        ci_minutes.run(None)


def test_each_way_is_compared_with_pip() -> None:
    rows = ci_minutes.compare({"pip": 300.0, "uv": 30.0, "image": 400.0})
    assert [(row.ours, row.met) for row in rows] == [(30.0, True), (400.0, False)]
    assert ci_minutes.compare({"uv": 30.0}) == []


def test_conditions_name_machine_load_and_where_files_came_from() -> None:
    made = {"cores": 2, "processor": "X", "load": 7.04}
    said = ci_minutes.conditions({"machine": made, "load_after": 9.0})
    for word in ("2 cores (X)", "load 7.0 before", "9.0 after", "registry: on the same machine"):
        assert word in said

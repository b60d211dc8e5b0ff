"""The ways to a job's environment: what counts, and what must not help."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bench import ci_minutes
from bench.ci_minutes import Way
from bench.target import BenchError

IMAGE = "pytorch-cuda:v2.9-0123456789ab"
WAYS = ci_minutes.ways("http://10.0.0.1:8080/simple", IMAGE)


def test_every_way_is_shell_and_ends_with_the_same_proof() -> None:
    for way in WAYS.values():
        for script in (way.before, way.counted):
            subprocess.run(["sh", "-n"], input=script, text=True, check=True)
        assert way.counted.endswith(f"'{ci_minutes.PROOF}'")


def test_ways_are_those_that_can_be_named() -> None:
    assert tuple(WAYS) == ci_minutes.WAYS


def test_pip_has_no_cache_and_uv_has_its_own_which_is_warm_or_gone() -> None:
    assert "--no-cache-dir" in WAYS["pip"].counted
    for name in ("pip", "uv_cold", "uv"):
        assert "--require-hashes --only-binary=:all:" in WAYS[name].counted
    assert WAYS["uv_cold"].counted == WAYS["uv"].counted
    assert f"UV_CACHE_DIR={ci_minutes.CACHE}" in WAYS["uv"].counted
    assert f"rm -rf {ci_minutes.CACHE}" in WAYS["uv_cold"].before
    # Alone, it fills its cache first, and that does not count.
    assert f"[ -d {ci_minutes.CACHE} ] || {{" in WAYS["uv"].before


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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Scripts that a host was sent; each way takes three seconds, and the image's fail."""
    scripts: list[str] = []

    def measured(_: object, way: Way) -> float:
        if "image" in way.title:
            raise BenchError("docker is gone")
        return 3.0

    def output(_: object, script: str) -> str:
        scripts.append(script)
        return IMAGE

    monkeypatch.setattr(ci_minutes.target, "find", lambda _: None)
    monkeypatch.setattr(ci_minutes.target, "output", output)
    monkeypatch.setattr(ci_minutes, "prepare", lambda _: None)
    monkeypatch.setattr(ci_minutes.registry, "serve", lambda _: "")
    monkeypatch.setattr(ci_minutes, "measured", measured)
    monkeypatch.setattr(ci_minutes, "host_data", lambda _: {"mirrors": {"pypi": "http://10.0.0.1"}})
    monkeypatch.setattr(ci_minutes.results, "FOLDER", tmp_path)
    return scripts


def test_ways_of_pip_and_uv_ask_for_no_image(asked: list[str]) -> None:
    (row,) = ci_minutes.run("host", ["uv", "pip"])
    assert (row.ours, row.theirs) == (3.0, 3.0)
    assert not [script for script in asked if "docker" in script]


def test_what_was_measured_is_kept_where_a_later_way_fails(asked: list[str]) -> None:
    with pytest.raises(BenchError, match="docker is gone"):
        ci_minutes.run("host")
    (kept,) = ci_minutes.results.load("ci_minutes")
    assert kept["seconds"] == {"pip": 3.0, "uv_cold": 3.0, "uv": 3.0}
    assert asked[-1].startswith(f"rm -rf {ci_minutes.WORK}; docker tag 127.0.0.1:")


def test_each_way_is_compared_with_pip() -> None:
    rows = ci_minutes.compare({"pip": 300.0, "uv": 30.0, "image": 400.0})
    assert [(row.ours, row.met) for row in rows] == [(30.0, True), (400.0, False)]
    assert ci_minutes.compare({"uv": 30.0}) == []


def test_conditions_name_machine_load_and_where_files_came_from() -> None:
    made = {"cores": 2, "processor": "X", "load": 7.04}
    said = ci_minutes.conditions({"machine": made, "load_after": 9.0})
    for word in ("2 cores (X)", "load 7.0 before", "9.0 after", "registry: on the same machine"):
        assert word in said

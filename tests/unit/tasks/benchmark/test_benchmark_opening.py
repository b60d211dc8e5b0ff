"""A run of the benchmark's deploy on hosts that are values: refusals, answers, files, statuses."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.gpu_users import GpuUsers
from facts.images import Images
from facts.model.host import HostState
from facts.parse.images import ImageState
from stacks.model.messages import Conflict
from tasks.benchmark import benchmark_opening, running
from tasks.benchmark.outcome import Measured
from tasks.benchmark.running import Side
from tasks.host import resolution
from tasks.recipe import opening as recipe_opening
from tasks.steps.refusal import Refused
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun, Facts
from tests.unit.tasks.benchmark.a_benchmark import measured, row, side
from tests.unit.tasks.benchmark.test_benchmark_conflicts import able

DOWN = ImageState(why="docker version: cannot connect")


def docker() -> ImageState:
    """Docker with the image of this stack."""
    found = recipe_opening.asked(able(), {"driver_origin": "debian"})
    return ImageState(server="26.1.5", images={found.recipe.exact_name: "sha256:x"})


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was said of other tests' hosts is forgotten."""
    monkeypatch.setattr(benchmark_opening, "_answers", benchmark_opening.new_answers())
    monkeypatch.setattr(benchmark_opening, "_ready_hosts", {})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Side, Side]]:
    """Which sides were measured; nothing really is."""
    found: list[tuple[Side, Side]] = []

    def fake(sides: tuple[Side, Side], runs: int) -> Measured:
        found.append(sides)
        return measured(side(), side(seed=50, bert_step=row(88, seed=9)), asked=runs)

    monkeypatch.setattr(running, "measured", fake)
    return found


def opened(
    tmp_path: Path,
    state: HostState | None = None,
    users: list[str] | None = None,
    images: ImageState | None = None,
    **data: Any,
) -> tuple[int, ARun]:
    """The exit status that the run ends with, and the run."""
    facts: Facts = {GpuUsers: users or [], Images: images or docker()}
    run = ARun(state or able(), facts, **{"benchmark_to": str(tmp_path), **data})
    with pytest.raises(SystemExit) as left:
        run.prepared(benchmark_opening.this_one)
    assert isinstance(left.value.code, int)
    return left.value.code, run


def test_native_and_image_are_measured_and_written(
    tmp_path: Path, asked: list[tuple[Side, Side]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, run = opened(tmp_path)
    said = capsys.readouterr().out
    ((native, image),) = asked
    assert status == 0, said
    assert (native.image, image.image) == ("", next(iter(docker().images)))
    assert image.gpu_words and "Docker 26.1.5" in image.started_by
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".json", ".svg"]
    kept = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert kept["results"]["figures"]["bert_step"]["differs"]
    assert f"written: {tmp_path}" in said and run.wire.commands == []


def test_answer_is_json_where_it_is_asked_for(
    tmp_path: Path,
    asked: list[tuple[Side, Side]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["pyinfra", "--json"])
    opened(tmp_path)
    host = json.loads(capsys.readouterr().out)["hosts"][NAME]
    assert host["verdict"] == "OK" and host["sides"] == ["native", "image"]


def test_dry_run_measures_nothing_and_says_what_it_would(
    tmp_path: Path,
    asked: list[tuple[Side, Side]],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["pyinfra", "--dry"])
    assert opened(tmp_path)[0] == 0
    assert asked == [] and list(tmp_path.iterdir()) == []
    assert "would measure image against native, 8 runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"state": a_host.bare(), "benchmark_cpu": 2}, "BENCH-NO-ENVIRONMENT"),
        ({"state": able(None)}, "BENCH-NO-GPU"),
        ({"state": a_host.bare(), "stack": "jetson-cuda-11.8"}, "BENCH-NO-ENVIRONMENT"),
        ({"users": ["17 python3"]}, "BENCH-GPUS-BUSY"),
        ({"images": DOWN}, "IMAGE-NO-DOCKER"),
        ({"images": replace(DOWN, server="26.1.5")}, "BENCH-NO-IMAGE"),
        ({"benchmark_runs": 2}, "STACK-INVALID"),
        ({"against": NAME}, "BENCH-AGAINST"),
        ({"against": "gpu9"}, "BENCH-AGAINST"),
    ],
)
def test_host_that_cannot_be_measured_is_refused_with_a_remedy(
    change: dict[str, Any],
    code: str,
    tmp_path: Path,
    asked: list[tuple[Side, Side]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, run = opened(tmp_path, **change)
    said = capsys.readouterr().out
    assert status == 2, said
    assert f"  {code}: " in said and "    do:  " in said
    assert asked == [] and run.wire.commands == [] and list(tmp_path.iterdir()) == []


def test_busy_gpus_are_measured_where_that_is_asked_for(
    tmp_path: Path, asked: list[tuple[Side, Side]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = opened(tmp_path, users=["17 python3"], anyway="busy")
    assert (status, len(asked)) == (0, 1)


def test_host_with_a_benchmark_is_refused_though_it_was_ready(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> Measured:
        raise Refused(Conflict("BENCH-RUNNING", "another", "it began", ("wait",), "x"))

    monkeypatch.setattr(running, "measured", busy)
    assert opened(tmp_path)[0] == 2
    assert "BENCH-RUNNING: another" in capsys.readouterr().out


def test_error_of_one_host_is_told_as_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Measured:
        raise EOFError("the line was cut")

    monkeypatch.setattr(running, "measured", broken)
    assert opened(tmp_path)[0] == 3
    assert f"{NAME}: UNKNOWN" in capsys.readouterr().out


def test_folder_that_cannot_be_written_is_told_and_the_figures_too(
    tmp_path: Path, asked: list[tuple[Side, Side]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a file").write_text("x")
    status, _ = opened(tmp_path, benchmark_to=str(tmp_path / "a file"))
    said = capsys.readouterr().out
    assert status == 3 and "cannot be written" in said and "in words:" in said


def test_results_stay_on_the_host_only_where_that_is_asked_for(
    tmp_path: Path, asked: list[tuple[Side, Side]], capsys: pytest.CaptureFixture[str]
) -> None:
    status, run = opened(tmp_path, benchmark_keep=True)
    written = run.written("/var/lib/gpuwright/benchmark.json")
    assert status == 0 and written is not None
    assert {"version", "at", "tool", "sides", "results"} == set(written)


def test_two_hosts_are_compared_each_in_its_own_environment(
    tmp_path: Path, asked: list[tuple[Side, Side]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run of three hosts: two against the second, which answers for itself alone."""
    run = ARun(able(), {}, unreachable=("gpu2", "gpu3"), benchmark_to=str(tmp_path))
    hosts = {h.name: h for h in run.state.inventory}
    settings = benchmark_opening.benchmark_settings(
        {"against": "gpu2", "benchmark_to": str(tmp_path)}
    )
    told: dict[str, Any] = {}
    for name, host in hosts.items():
        benchmark_opening._ready_hosts[name] = benchmark_opening.Ready(
            host, settings, Side("native", host)
        )
        told[name] = None
    run.prepared(lambda: benchmark_opening._measure(told))
    assert [(a.label, b.label) for a, b in asked] == [("gpu2", "gpu1"), ("gpu2", "gpu3")]
    assert "the other side of a comparison" in told["gpu2"].text
    assert told["gpu1"].level == "OK" and resolution.catalog()

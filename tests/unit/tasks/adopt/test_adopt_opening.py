"""A run that adopts: files, groups, what each host is told, and that none is touched."""

from __future__ import annotations

import json
import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.engine_model import Engine, Engines
from facts.engines import ContainerEngines
from facts.handmade import HandmadeParts
from facts.handmade_model import Handmade
from facts.host import HostProbe
from facts.model.host import HostState
from tasks.adopt import adopt_opening
from tasks.adopt.adoption import Adoption, adopted
from tasks.host import resolution
from tasks.steps.answers import Answers
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.adopt.a_handmade_host import handmade, pytorch, with_cuda, with_driver
from tests.unit.tasks.host.test_plans import NO_ROOT

STACK, GROUP = Path("adopted/stacks/adopted_gpu1.yaml"), Path("adopted/group_data/adopted_gpu1.py")


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What other tests' hosts answered is forgotten, and files go to a folder of this test."""
    before = adopt_opening._answers
    monkeypatch.setattr(
        adopt_opening, "_answers", Answers(before.words, closing=adopt_opening._written)
    )
    monkeypatch.chdir(tmp_path)


def run(state: HostState | None, more: Handmade | None = None, **data: Any) -> ARun:
    """A run on this host."""
    facts: dict[Any, Any] = {HandmadeParts: more or Handmade(), ContainerEngines: Engines()}
    return ARun(state, facts, **data)


def left(made: ARun) -> int:
    """The exit status that the last host ends the run with."""
    with pytest.raises(SystemExit) as end:
        made.prepared(adopt_opening.this_one)
    assert isinstance(end.value.code, int)
    return end.value.code


def document(made: ARun, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the host answered as data."""
    left(made)
    (found,) = json.loads(capsys.readouterr().out)["hosts"].values()
    assert isinstance(found, dict)
    return found


def test_host_is_adopted_whole_and_not_touched(capsys: pytest.CaptureFixture[str]) -> None:
    made = run(a_host.done())
    assert left(made) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{NAME}: adopted as adopted_gpu1\n  written: {STACK}\n")
    assert "The adopted plan is what is on the host" in said
    assert "branch: '535'" in STACK.read_text() and "nccl" not in GROUP.read_text()
    assert (made.asked, made.wire.commands) == ([HostProbe, HandmadeParts], [])
    assert made.state.ops[made.host] == {}


def test_second_run_finds_its_files_and_changes_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    left(run(a_host.done()))
    before = STACK.stat()
    adopt_opening._answers.told.clear()
    capsys.readouterr()
    assert left(run(a_host.done())) == 0
    assert f"unchanged: {STACK}" in capsys.readouterr().out
    assert STACK.stat() == before


def test_file_of_somebody_stays_and_that_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    GROUP.parent.mkdir(parents=True)
    GROUP.write_text("mine = 1\n")
    assert left(run(a_host.done())) == 2
    said = capsys.readouterr().out
    assert f"{NAME}: not adopted" in said and "--data adopt_folder=FOLDER" in said
    assert GROUP.read_text() == "mine = 1\n" and not STACK.exists()


def test_what_is_lost_and_what_differs_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    state = with_cuda(with_driver("535.1.1", "Debian"), "12.4", runfile=True)
    found = document(run(state, handmade(pytorch("2.9.1", "conda")), format="json"), capsys)
    assert (found["verdict"], found["group"]) == ("partly", "adopted_gpu1")
    assert found["differences"] == [
        {"what": "driver version", "here": "535.1.1", "planned": "535.309.01"}
    ]
    lost = [one["what"] for one in found["left"] if one["loss"]]
    assert lost[0] == "CUDA 12.4 (runfile) in /usr/local/cuda-12.4"
    adopt_opening._answers.told.clear()
    assert left(run(state)) == 2  # without the conda environment the files say something else


def test_words_of_a_host_that_differs_are_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert left(run(with_driver("535.1.1", "Debian"))) == 1
    said = capsys.readouterr().out
    line = "The adopted plan differs in: driver version: here 535.1.1, planned 535.309.01."
    assert f"  {line}\n" in said


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        (a_host.bare(), 2, "ADOPT-NOTHING"),
        (NO_ROOT, 2, "NO-ROOT"),
        (replace(a_host.done(), pci=()), 2, "NO-GPU"),
        (None, 3, "its state could not be read"),
    ],
)
def test_host_that_cannot_be_adopted_says_why_and_nothing_is_written(
    state: HostState | None, code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert left(run(state)) == code
    assert words in capsys.readouterr().out and not Path("adopted").exists()


def test_engines_are_asked_where_there_are_some() -> None:
    state = a_host.with_packages(a_host.done(), a_host.package("docker.io", "20.10.24+dfsg1-1"))
    made = run(state)
    left(made)
    assert made.asked == [HostProbe, HandmadeParts, ContainerEngines]


def test_hosts_that_are_alike_share_a_group_and_one_that_fails_touches_no_other(
    tmp_path: Path,
) -> None:
    catalog = resolution.catalog()

    def adoption(state: HostState) -> Adoption:
        found = adopted(state, Handmade(), None, {}, catalog)
        assert isinstance(found, Adoption)
        return found

    one, other = adoption(a_host.done()), adoption(with_driver("580.159.04", "NVIDIA", "open"))
    found = {"gpu1": one, "gpu2": other, "gpu3": one}
    assert adopt_opening.grouped(found) == [["gpu1", "gpu3"], ["gpu2"]]
    answers = adopt_opening._group("adopted_gpu1", {"gpu1": one, "gpu3": one}, tmp_path)
    assert {name: answer.level for name, answer in answers.items()} == {"gpu1": "OK", "gpu3": "OK"}
    text = (tmp_path / "stacks" / "adopted_gpu1.yaml").read_text()
    assert "As found on gpu1, gpu3" in text
    system = replace(one.state.system, os="plan9")
    broken = replace(one, state=replace(one.state, system=system))
    answers = adopt_opening._group("adopted_x", {"gpu1": one, "gpu4": broken}, tmp_path)
    assert {name: answer.level for name, answer in answers.items()} == {
        "gpu1": "OK",
        "gpu4": "CRITICAL",
    }


def test_login_in_docker_s_mirror_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    said = '{"registry-mirrors": ["https://HIDDEN@mirror.example.org"]}'
    state = a_host.with_packages(
        a_host.done(),
        a_host.package("docker.io", "20.10.24+dfsg1-1"),
        a_host.package("nvidia-container-toolkit-base", "1.20.0-1"),
    )
    facts: dict[Any, Any] = {
        HandmadeParts: Handmade(),
        ContainerEngines: Engines(engine=Engine(daemon_json=said)),
    }
    assert left(ARun(state, facts)) == 1
    assert "no secret is written" in capsys.readouterr().out
    assert "HIDDEN" not in GROUP.read_text() + STACK.read_text()


def test_deploy_is_this_and_nothing_more(capsys: pytest.CaptureFixture[str]) -> None:
    deploy = Path(__file__).parents[4] / "deploys" / "adopt.py"
    with pytest.raises(SystemExit):
        run(a_host.done()).prepared(lambda: runpy.run_path(str(deploy)))
    assert f"{NAME}: adopted" in capsys.readouterr().out

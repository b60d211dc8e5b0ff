"""What a host collects for hosts like it, or why it cannot; nothing of it is touched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facts.closure import Closure, PackageClosure
from facts.images import Images
from facts.parse.images import ImageState
from tasks.bundle import bundle_opening, host_opening, summary
from tasks.offline import index, supplying, wants
from tasks.offline.index import Deb
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host_bundle import deb
from tests.unit.tasks.a_run import NAME, ARun

NO_DOCKER = ImageState(why="docker is not on this host")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> dict[str, summary.Line]:
    found: dict[str, summary.Line] = {}
    monkeypatch.setattr(summary, "_lines", found)
    return found


def debs() -> tuple[Deb, ...]:
    """All that the bare host asks for, each package on its own."""
    plan = a_host.plan()
    asked = wants.of_plan(a_host.bare(), plan, "")
    names = (name for ask in asked.asks for name in ask)
    return tuple(
        deb(name, version.replace("*", "1") or "1.0-1")
        for name, _, version in (one.partition("=") for one in dict.fromkeys(names))
    )


def told(*found: Deb, lacking: str = "") -> Closure:
    text = index.text(found)
    return Closure(text, {d.sha256: f"http://deb.example.org/{d.name}" for d in found}, lacking)


def opened(folder: Path, answer: Closure | None, **data: Any) -> tuple[Any, ARun]:
    run = ARun(
        a_host.bare(), {Images: NO_DOCKER, PackageClosure: answer}, bundle=str(folder), **data
    )
    return run.prepared(bundle_opening.for_this_host), run


def test_host_without_docker_collects_for_hosts_alone(
    lines: dict[str, summary.Line], tmp_path: Path
) -> None:
    asked, run = opened(tmp_path / "b", told(*debs()))
    assert asked is not None and asked.image is None
    assert asked.host.wanted.release == "debian-12 x86_64"
    assert {d.name for d in asked.host.debs} >= {"curl", "xz-utils"}
    assert lines[NAME].verdict == "PLANNED"
    assert run.wire.commands == [] and not (tmp_path / "b").exists()


def test_package_that_apt_does_not_find_is_named_with_its_words(
    lines: dict[str, summary.Line], tmp_path: Path
) -> None:
    found = [d for d in debs() if d.name != "curl"]
    asked, run = opened(tmp_path, told(*found, lacking="E: Unable to locate package curl"))
    assert asked is None and run.exit_status == 1
    assert lines[NAME].why == "BUNDLE-FETCH"


def test_image_that_is_asked_for_needs_docker(
    lines: dict[str, summary.Line], tmp_path: Path
) -> None:
    asked, _ = opened(tmp_path, told(*debs()), bundle_for="image")
    assert asked is None and lines[NAME].why == "IMAGE-NO-DOCKER"


def test_folder_that_holds_something_else_is_refused(
    lines: dict[str, summary.Line], tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text("[]")
    asked, run = opened(tmp_path, told(*debs()))
    assert asked is None and lines[NAME].why == "BUNDLE-FOLDER"
    assert PackageClosure not in run.asked


def test_question_names_components_pins_and_no_source_of_ours(tmp_path: Path) -> None:
    run = ARun(a_host.bare(), bundle=str(tmp_path))
    plan = a_host.plan()
    wanted = run.prepared(lambda: supplying.wanted_by(run.host, a_host.bare(), plan))
    bare = replace(plan, repositories=())
    asked = run.prepared(lambda: host_opening._question(run.host, a_host.bare(), bare, wanted))
    assert "non-free" in asked["sources"] and asked["keys"] == ()
    assert asked["asks"] == wanted.asks and asked["offered"] == wanted.offered

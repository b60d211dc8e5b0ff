"""The opening of a host for its image: the work, or the refusal, after two questions at most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import StringCommand

from facts.host import HostProbe
from facts.images import Images
from facts.model.host import HostState
from facts.parse.images import ImageState
from tasks.image import image_opening, summary
from tasks.steps.step import Commands, step
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import NAME, ARun
from tests.unit.tasks.host.test_plans import NO_SYSTEMD, as_user
from tests.unit.tasks.image.test_work import DOCKER

DOWN = ImageState(why="docker version: cannot connect")


@pytest.fixture(autouse=True)
def images(
    monkeypatch: pytest.MonkeyPatch, at_end: list[Callable[..., None]]
) -> dict[str, summary.Line]:
    """The lines of the report of images: those of this test alone."""
    own: dict[str, summary.Line] = {}
    monkeypatch.setattr(summary, "_lines", own)
    return own


def codes(line: summary.Line) -> list[str]:
    """Codes of the conflicts."""
    return [note.split(":")[0] for note in line.notes]


def test_host_with_docker_and_room_gets_its_work_after_two_questions(
    images: dict[str, summary.Line],
) -> None:
    run = ARun(a_host.bare(), {Images: DOCKER})
    work = run.prepared(image_opening.for_this_host)
    assert work is not None and work.settings.source == "build"
    assert work.gpu_words[0] == "--runtime=nvidia"
    line = images[NAME]
    assert (line.verdict, line.image) == ("PLANNED", work.recipe.exact_name)
    assert (run.asked, run.exit_status) == ([HostProbe, Images], 0)
    assert (run.state.ops[run.host], run.wire.commands) == ({}, [])


@pytest.mark.parametrize(
    ("state", "data", "code"),
    [
        (as_user(a_host.bare(), sudo=False), {}, "NO-ROOT"),
        (replace(a_host.bare(), system=NO_SYSTEMD.system), {}, "NO-SYSTEMD"),
        (a_host.bare(), {"image_from": "thin air"}, "STACK-INVALID"),
        (a_host.bare(), {"image_push": True}, "STACK-INVALID"),
        (a_host.bare(), {"rollback": "one"}, "STACK-INVALID"),
        (a_host.bare(), {"stack": "pytorch-9.9"}, "STACK-INVALID"),
        (a_host.bare(), {"mirrors": {"pypi": "here"}}, "STACK-INVALID"),
    ],
)
def test_host_is_refused_before_docker_is_asked(
    images: dict[str, summary.Line], state: HostState, data: dict[str, Any], code: str
) -> None:
    run = ARun(state, {Images: DOCKER}, **data)
    assert run.prepared(image_opening.for_this_host) is None
    assert (images[NAME].verdict, codes(images[NAME])) == ("REFUSED", [code])
    assert (run.exit_status, run.changes) == (1, [f"Refused: {code}"])
    run.executed()
    assert (run.asked, run.wire.commands) == ([HostProbe], [])


@pytest.mark.parametrize(
    ("docker", "data", "code"),
    [
        (DOWN, {}, "IMAGE-NO-DOCKER"),
        (replace(DOCKER, root_free_mb=9_000), {}, "DISK-SMALL"),
        (DOCKER, {"rollback": 1}, "ROLLBACK-NONE"),
        (DOCKER, {"bundle": "/nowhere"}, "BUNDLE-FOLDER"),
    ],
)
def test_host_is_refused_for_what_docker_answers(
    images: dict[str, summary.Line], docker: ImageState, data: dict[str, Any], code: str
) -> None:
    run = ARun(a_host.bare(), {Images: docker}, **data)
    assert run.prepared(image_opening.for_this_host) is None
    assert (images[NAME].verdict, codes(images[NAME])[0]) == ("REFUSED", code)
    assert (run.exit_status, run.asked) == (1, [HostProbe, Images])


def test_docker_that_an_earlier_deploy_may_bring_does_not_refuse_the_host(
    images: dict[str, summary.Line],
) -> None:
    @step
    def engine() -> Commands:
        yield StringCommand("apt-get install docker.io")

    run = ARun(a_host.bare(), {Images: DOWN})
    run.prepared(lambda: engine(name="Container engine"))
    assert run.prepared(image_opening.for_this_host) is not None
    assert (images[NAME].verdict, run.exit_status) == ("PLANNED", 0)


@pytest.mark.parametrize("silent", [HostProbe, Images])
def test_host_that_does_not_answer_gets_no_work(
    images: dict[str, summary.Line], silent: type[Any]
) -> None:
    run = ARun(a_host.bare(), {Images: DOCKER})
    run.answers[silent] = None
    assert run.prepared(image_opening.for_this_host) is None
    assert (images[NAME].verdict, run.state.ops[run.host]) == ("UNKNOWN", {})


def test_user_with_sudo_works_as_root() -> None:
    run = ARun(as_user(a_host.bare(), sudo=True), {Images: DOCKER})
    run.prepared(image_opening.for_this_host)
    assert run.host.data.get("_sudo") is True

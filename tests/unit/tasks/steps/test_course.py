"""Why a host goes no further: the first reason, in one line of plain words."""

from __future__ import annotations

import pytest

from tasks.steps import course
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun


def test_reason_is_told_once_with_what_was_being_done(caplog: pytest.LogCaptureFixture) -> None:
    host = ARun(a_host.bare()).host
    course.stopped(host, "the disk\nis gone", at="reading")
    course.stopped(host, "and so is the rest")
    assert course.of_host(host).why == "the disk / is gone"
    assert "reading: the disk / is gone" in caplog.text
    assert "the rest" not in caplog.text


def test_what_somebody_else_has_said_is_known_and_not_said_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    host = ARun(a_host.bare()).host
    course.known(host, "no route")
    course.known(host, "something later")
    course.stopped(host, "something later")
    assert course.of_host(host).why == "no route"
    assert "later" not in caplog.text


def test_each_host_has_its_own_course() -> None:
    one, two = ARun(a_host.bare()).host, ARun(a_host.bare()).host
    course.of_host(one).jobs["a.service"] = "a"
    assert course.of_host(two).jobs == {}

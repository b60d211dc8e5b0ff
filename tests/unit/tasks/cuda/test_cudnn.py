"""cuDNN 8 in each of its three ways, and not where it is there already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from stacks.model.plan import Download, Plan
from tasks.cuda import cudnn
from tasks.layout import CUDNN
from tests.unit.tasks import a_host
from tests.unit.tasks.sent import jobs, ran

FILE = Download("cudnn", "https://example.org", "cudnn.tar.xz", "ab" * 32)
PACKAGES = {"libcudnn8": "8.9.7.29-1+cuda11.8", "libcudnn8-dev": "8.9.7.29-1+cuda11.8"}


def planned(**changes: Any) -> Plan:
    """The bare host's plan with another cuDNN."""
    return replace(a_host.plan(), cudnn=replace(a_host.parts()[2], **changes))


def script(plan: Plan) -> str:
    """The job that a bare host is sent."""
    return jobs(ran(cudnn.installed, a_host.bare(), plan=plan))["cudnn"]


def test_wheel_is_taken_by_its_hash_and_put_behind_the_stable_link() -> None:
    plan = a_host.plan()
    assert plan.cudnn is not None and "--hash=sha256:" in plan.cudnn.wheel
    for part in (*plan.cudnn.wheel.split(), plan.cudnn.prefix, CUDNN):
        assert part in script(plan)


def test_tarball_is_fetched_by_its_digest() -> None:
    text = script(planned(wheel="", download=FILE))
    assert FILE.url in text and FILE.sha256 in text and CUDNN in text


def test_packages_come_in_exactly_the_planned_versions() -> None:
    text = script(planned(wheel="", packages=tuple(PACKAGES), versions=PACKAGES))
    for name, version in PACKAGES.items():
        assert f"{name}={version}" in text
    assert CUDNN not in text, "packages have their own places"


def elsewhere(**changes: Any) -> HostState:
    """A finished host whose cuDNN is another one in some way."""
    done = a_host.done()
    host = {name: changes.pop(name) for name in ("cudnn_link",) if name in changes}
    (found,) = done.cudnn
    return replace(done, cudnn=(replace(found, **changes),), **host)


def test_finished_host_is_left_alone() -> None:
    run = ran(cudnn.installed, a_host.done(), plan=a_host.plan())
    assert (run.changes, run.wire.commands) == ([], [])


@pytest.mark.parametrize(
    "changes", [{"version": "8.6.0"}, {"path": "/usr"}, {"cudnn_link": "/opt/another"}]
)
def test_other_version_place_or_link_is_put_right(changes: dict[str, str]) -> None:
    assert ran(cudnn.installed, elsewhere(**changes), plan=a_host.plan()).changes


def test_plan_without_cudnn_brings_none() -> None:
    plan = replace(a_host.plan(), cudnn=None)
    assert ran(cudnn.installed, a_host.bare(), plan=plan).changes == []

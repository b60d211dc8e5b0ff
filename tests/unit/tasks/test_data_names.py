"""Names of host data that look misspelt."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from stacks.requests import WISHES
from tasks.host import resolution
from tasks.hostdata import containers as wish
from tasks.hostdata import host as host_data
from tasks.hostdata import image as image_wishes
from tasks.hostdata import names as data_names
from tasks.hostdata import workspace as workspace_wishes
from tasks.python import locks


class Recorder:
    """Host data that say nothing, and keep what they were asked for."""

    def __init__(self) -> None:
        self.asked = set[str]()

    def get(self, key: str, default: Any = None, /) -> Any:
        self.asked.add(key)
        return default


def test_names_are_all_that_is_read_and_no_others() -> None:
    data = Recorder()
    for name, function in inspect.getmembers(host_data, inspect.isfunction):
        if name.startswith("_") or function.__module__ != host_data.__name__:
            continue
        more = {"catalog": resolution.catalog(), "default": 0}
        wanted = list(inspect.signature(function).parameters)[1:]
        function(data, *(more[key] for key in wanted))
    wish.of(data)
    image_wishes.wishes(data)
    workspace_wishes.wishes(data, "image", "tag")
    resolution.stack_of(data)
    locks.own_folder(data)
    assert data.asked == data_names.NAMES
    assert set(WISHES) <= data_names.NAMES


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("bundel", "bundle"),
        ("driver_brnach", "driver_branch"),
        ("workspace", "workspaces"),
        ("Kernel_Policy", "kernel_policy"),
        ("docker_user", "docker_users"),
    ],
)
def test_slip_is_seen(said: str, meant: str) -> None:
    assert data_names.misspelt([said, "stack"]) == {said: meant}


@pytest.mark.parametrize("name", ["rack", "ssh_users", "_sudo", "owner", "gpu_rack", "room"])
def test_data_of_the_users_own_are_left_alone(name: str) -> None:
    assert data_names.misspelt([name]) == {}

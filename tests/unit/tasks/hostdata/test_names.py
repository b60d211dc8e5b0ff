"""Names of host data that look misspelt."""

from __future__ import annotations

import pytest

from tasks.hostdata import names as data_names


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

"""Host data that travel in user data: checked, and their secrets named."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.load import StackError
from tasks.hostdata import table
from tasks.pull import carried
from tests.unit.tasks.hostdata.test_table import WRONG, beside


@pytest.mark.parametrize(
    "key",
    # What stands beside a file of this machine is refused for that file.
    [key for key in table.rows() if not set(beside(key)) & set(carried.HERE)],
)
def test_wrong_value_is_refused_as_the_deploys_refuse_it(key: str) -> None:
    with pytest.raises((ValueError, StackError), match=rf'"{key}\b|{key}'):
        carried.checked({**beside(key), key: WRONG[key]})


@pytest.mark.parametrize("key", carried.HERE)
def test_file_of_this_machine_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=f'"{key}" names a file of this machine'):
        carried.checked({key: "/srv/here"})


def test_stack_by_its_path_is_refused() -> None:
    with pytest.raises(ValueError, match="put it into stacks/"):
        carried.checked({"stack": "./mine.yaml"})


def test_slip_in_a_name_is_refused_and_what_is_the_user_s_own_is_not_carried() -> None:
    with pytest.raises(ValueError, match='did you mean "expected_gpus"'):
        carried.checked({"expected_gpu": "h100"})
    said = {"rack": 7, "ssh_user": "admin", "_sudo": True, "stack": "pytorch-2.9"}
    assert carried.checked(said) == {"stack": "pytorch-2.9"}
    assert carried.left_out(said) == ["rack"]


@pytest.mark.parametrize(
    ("data", "addresses", "found"),
    [
        ({"proxy": "http://u:p@proxy:3128"}, {}, ["proxy"]),
        ({"proxy": "http://proxy:3128"}, {}, []),
        ({"mirrors": {"pypi": "https://t0ken@m/simple"}}, {}, ["mirrors.pypi"]),
        ({"image_apt": ["deb x", "deb http://a:b@c x"]}, {}, ["image_apt[1]"]),
        ({"workspaces": [{"user": "a", "password": "p"}]}, {}, ["workspaces[0].password"]),
        ({"workspaces": [{"user": "a", "password": ""}]}, {}, []),
        ({}, {"webhook": "https://hooks.example.org/T0/B1/x"}, ["webhook"]),
        ({}, {"webhook": "https://hooks.example.org/"}, []),
        ({}, {"--from": "https://f.example.org/g.tar.xz"}, []),
        ({}, {"--from": "https://f.example.org/g.tar.xz?X-Signature=1"}, ["--from"]),
        ({}, {"--from": "https://a:b@f.example.org/g.tar.xz"}, ["--from"]),
    ],
)
def test_secret_is_named_by_its_place(
    data: dict[str, Any], addresses: dict[str, str], found: list[str]
) -> None:
    assert carried.secrets(data, addresses) == found

"""Host data of a host or a group, out of what pyinfra says of an inventory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.pull import group

HOSTS: list[dict[str, Any]] = [
    {"name": "a", "groups": ["two"], "data": {"stack": "s", "ssh_user": "x"}},
    {"name": "b", "groups": ["two"], "data": {"stack": "s", "ssh_user": "y"}},
    {"name": "c", "groups": ["odd"], "data": {"stack": "s"}},
    {"name": "d", "groups": ["odd"], "data": {"stack": "t"}},
]


def test_host_wins_and_group_is_what_its_hosts_share() -> None:
    assert group.chosen(HOSTS, "d") == {"stack": "t"}
    assert group.chosen(HOSTS, "two")["stack"] == "s"


@pytest.mark.parametrize(("name", "said"), [("odd", "differ in stack"), ("e", "neither a host")])
def test_what_is_not_one_is_refused(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        group.chosen(HOSTS, name)


def test_inventory_is_read_by_pyinfra_with_its_group_data(tmp_path: Path) -> None:
    (tmp_path / "group_data").mkdir()
    (tmp_path / "group_data/all.py").write_text("reboot = 'never'\n")
    (tmp_path / "my lab.py").write_text("gpus = [('h1', {'expected_gpus': 'h100:8'})]\n")
    here = Path(group.__file__).parents[2]
    found = group.of_inventory(tmp_path / "my lab.py", "gpus", here)
    assert found == {"expected_gpus": "h100:8", "reboot": "never"}
    (tmp_path / "bad.py").write_text("raise OSError('x')\n")
    with pytest.raises(ValueError, match="pyinfra cannot read"):
        group.of_inventory(tmp_path / "bad.py", "gpus", here)

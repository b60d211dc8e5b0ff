"""What pyinfra gets for `@vagrant` and `@vagrant/NAME`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import Inventory
from pyinfra.api.exceptions import InventoryError
from pyinfra.connectors.vagrant import VagrantInventoryConnector

from tasks.steps import ending
from tests.unit.test_house import HOUSE
from tests.unit.vagrant.fake import Vagrant
from vagrant import connector
from vagrant.connector import Asked
from vagrant.ssh_config import Access


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ending.Said]]:
    """What was left for the run's end; pyinfra's own connector is back afterwards."""
    monkeypatch.setattr(
        VagrantInventoryConnector, "make_names_data", VagrantInventoryConnector.make_names_data
    )
    left: list[ending.Said] = []
    monkeypatch.setattr(ending, "at_end", left.append)
    yield left


def made(words: str) -> Inventory:
    """An inventory as pyinfra's command line makes it: twice, one of them for group data."""
    connector.install(["-y", words, "deploys/gpu_host.py"])
    Inventory((words.split(","), {}))  # type: ignore[no-untyped-call]
    return Inventory((words.split(","), {}))  # type: ignore[no-untyped-call]


def inventory(words: str) -> dict[str, dict[str, Any]]:
    """Names and data of an inventory's hosts."""
    return {host.name: host.host_data for host in made(words)}


def test_what_vagrant_says_of_keys_and_host_keys_reaches_pyinfra(
    fake: Vagrant, ends: list[ending.Said]
) -> None:
    fake.has(gpu1="running", gpu2="shutoff")
    assert inventory("@vagrant/gpu1") == {
        "@vagrant/gpu1": {
            "ssh_hostname": "127.0.0.1",
            "ssh_port": 22,
            "ssh_user": "vagrant",
            "ssh_key": str(fake.project / "gpu1 key"),
            "ssh_allow_agent": False,
            "ssh_look_for_keys": False,
            "ssh_strict_host_key_checking": "no",
            "ssh_known_hosts_file": "/dev/null",
        }
    }
    assert ends == []


def test_all_that_run_are_meant_and_those_that_are_off_are_told(
    fake: Vagrant, ends: list[ending.Said], caplog: pytest.LogCaptureFixture
) -> None:
    fake.has(gpu1="running", gpu2="shutoff", gpu3="running")
    assert [*inventory("@vagrant")] == ["@vagrant/gpu1", "@vagrant/gpu3"]
    assert "left out: gpu2 is off: vagrant up gpu2" in caplog.text
    assert ends == []


def test_named_machine_that_is_off_ends_the_run_for_no_other_and_fails_it(
    fake: Vagrant, ends: list[ending.Said], caplog: pytest.LogCaptureFixture
) -> None:
    fake.has(gpu1="running", gpu2="not_created")
    assert [*inventory("@vagrant/gpu2,@vagrant/gpu1")] == ["@vagrant/gpu1"]
    assert "left out: gpu2 was never brought up: vagrant up gpu2" in caplog.text
    assert [say() for say in ends] == [False]


def test_other_hosts_go_on_where_no_machine_runs(fake: Vagrant, ends: list[ending.Said]) -> None:
    fake.has(gpu1="shutoff")
    assert [*inventory("@local,@vagrant/gpu1")] == ["@local"]
    assert [say() for say in ends] == [False]


@pytest.mark.parametrize("words", ["@vagrant", "@vagrant/gpu1", "@vagrant/gpu1,@vagrant/gpu2"])
def test_run_without_any_machine_is_refused_with_commands(
    fake: Vagrant, ends: list[ending.Said], words: str
) -> None:
    fake.has(gpu1="shutoff", gpu2="not_created")
    with pytest.raises(InventoryError, match=r"No machine of Vagrant's runs. .*vagrant up gpu1"):
        inventory(words)


def test_name_that_is_nowhere_is_refused_with_those_that_are(
    fake: Vagrant, ends: list[ending.Said]
) -> None:
    fake.has(gpu1="running", gpu2="shutoff")
    with pytest.raises(InventoryError, match=r"has no machine 'gpu7'\. There are: gpu1, gpu2"):
        inventory("@vagrant/gpu7,@vagrant/gpu1")


def test_vagrant_that_fails_is_told(fake: Vagrant, ends: list[ending.Said]) -> None:
    (fake.folder / "bin/vagrant").unlink()
    with pytest.raises(InventoryError, match="Vagrant cannot be started"):
        inventory("@vagrant")


def test_file_of_data_and_groups_comes_over_what_vagrant_says(
    fake: Vagrant, ends: list[ending.Said]
) -> None:
    fake.has(gpu1="running")
    (fake.folder / "@vagrant.json").write_text(
        '{"data": {"gpu1": {"expected_gpus": "h100", "ssh_port": 2222}},'
        ' "groups": {"gpu1": ["training"]}}'
    )
    (host,) = made("@vagrant")
    assert (host.host_data["expected_gpus"], host.host_data["ssh_port"]) == ("h100", 2222)
    assert host.groups == ["training", "@vagrant"]


def test_pyinfra_of_this_checkout_takes_it(fake: Vagrant) -> None:
    fake.has(gpu1="running", gpu2="shutoff")
    done = subprocess.run(
        [sys.executable, "-m", "pyinfra", "@vagrant/gpu1,@vagrant/gpu2", "debug-inventory"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert f'"ssh_key": "{fake.project / "gpu1 key"}"' in said, said
    assert said.count("left out: gpu2 is off: vagrant up gpu2") == 1
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["inventories/lab.py", "deploys/gpu_host.py"], None),
        (["host.example.org", "exec", "--", "echo", "a@vagrant"], None),
        (["@vagrant", "d.py"], Asked((), True)),
        (["-y", "@vagrant/gpu1", "d.py"], Asked(("gpu1",), True)),
        (["@vagrant/gpu1,@vagrant/gpu2"], Asked(("gpu1", "gpu2"), True)),
        (["@vagrant,@vagrant/gpu2"], Asked((), True)),
        (["@local,@vagrant/gpu2"], Asked(("gpu2",), False)),
    ],
)
def test_what_a_command_line_asks_for(words: list[str], wanted: Asked | None) -> None:
    assert connector.asked(words) == wanted


def test_nothing_is_said_that_vagrant_did_not_say() -> None:
    assert connector.host_data(Access("gpu1", "h")) == {"ssh_hostname": "h", "ssh_port": 22}


@pytest.mark.parametrize("gone", ["/nowhere/key", "k" * 300, "~nobody-of-that-name/key"])
def test_first_key_that_is_there_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a key").touch()
    data = connector.host_data(Access("gpu1", "h", keys=(gone, "~/a key", "/never/looked/at")))
    assert data["ssh_key"] == "~/a key"
    assert connector.host_data(Access("gpu1", "h", keys=(gone,)))["ssh_key"] == gone

"""A host whose row cannot be connected with is told, and the others go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host

from tasks.steps import reaching
from tests.unit.tasks import a_host, an_sshd
from tests.unit.tasks.a_run import ARun
from tests.unit.tasks.an_sshd import Pyinfra


def test_rows_that_cannot_be_connected_with_end_no_other_host(tmp_path: Path) -> None:
    (tmp_path / "no key").write_text("not a key\n")
    (tmp_path / "empty").touch()
    wrong: dict[str, dict[str, Any]] = {
        "away": {"ssh_key": str(tmp_path / "away")},
        "folder": {"ssh_key": str(tmp_path)},
        "nokey": {"ssh_key": str(tmp_path / "no key")},
        "empty": {"ssh_key": str(tmp_path / "empty")},
        "config": {"ssh_config_file": str(tmp_path)},
        "port": {"ssh_port": 99999},
        "long": {"ssh_hostname": "x" * 300},
        "zero": {"ssh_hostname": "a\0b"},
        "quoted": {"ssh_port": "22"},
        "truth": {"ssh_allow_agent": "yes"},
        "listed": {"ssh_password": ["sesam-7"]},
        "env": {"_env": "LANG=C"},
        "rise": {"_sudo": "no"},
        "secret": {"_sudo_password": ["sesam-7"]},
        "limit": {"_timeout": "60"},
    }
    with an_sshd.started(tmp_path, "good") as good:
        hosts = {"good": good.data} | {name: good.data | data for name, data in wrong.items()}
        run = Pyinfra(tmp_path, hosts).start(an_sshd.deploy(tmp_path))
        end = run.ended(60)
    assert "good: verdict OK" in end.said, end.said
    for name in wrong:
        assert f"{name}: verdict UNKNOWN, proof: none (it could not be reached)" in end.said
    for what in ("No such private key file", "Is a directory", "Invalid private key file"):
        assert what in end.said, end.said
    keys = {"quoted": "ssh_port", "truth": "ssh_allow_agent", "listed": "ssh_password"}
    keys |= {"env": "_env", "rise": "_sudo", "secret": "_sudo_password", "limit": "_timeout"}
    for name, key in keys.items():
        lines = [line for line in end.said.splitlines() if f"host data {key}: " in line]
        assert [line.split()[0] for line in lines] == [f"[{name}]"], end.said
    assert "sesam-7" not in end.said
    assert end.code == 1


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PyinfraError("No such private key file: /a"), "No such private key file: /a. See"),
        (ValueError("no number"), "ValueError: no number. A value of"),
        (RuntimeError(), "RuntimeError: no reason was given"),
    ],
)
def test_reason_is_told(error: Exception, words: str) -> None:
    assert words in reaching.why(error)


def test_second_install_wraps_nothing_twice() -> None:
    reaching.install()
    once = (Host.connect, Host.init)
    reaching.install()
    assert (Host.connect, Host.init) == once


def test_words_of_pyinfra_that_are_not_known_are_told_as_they_are() -> None:
    assert reaching.of_key("Invalid connector data `ssh_port`:: str is no int").startswith(
        "host data ssh_port: str is no int. "
    )
    assert reaching.of_key("something else").startswith("something else. ")


def test_what_says_nothing_or_is_of_its_kind_is_no_fault() -> None:
    said: dict[str, Any] = {"_sudo": True, "_sudo_user": None, "_env": {"A": "b"}, "other": []}
    reaching.check(ARun(a_host.bare(), None, (), **said).host)
    with pytest.raises(TypeError, match="_su_user"):
        reaching.check(ARun(a_host.bare(), _su_user=5).host)

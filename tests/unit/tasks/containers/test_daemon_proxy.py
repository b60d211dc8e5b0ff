"""The two files of a daemon's proxy: whose they are, what they say, and when they are due."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.containers import daemon_proxy
from tasks.containers.daemon_proxy import CONTAINERD, DOCKER, DaemonProxy
from tasks.hostdata.network import NetworkSettings
from tasks.steps import files
from tests.unit.tasks import a_host

SECRET = NetworkSettings("http://me:s3cret@proxy.example.org:3128", ("localhost", "10.0.0.0/8"))
both = pytest.mark.parametrize("daemon", [DOCKER, CONTAINERD])


@both
def test_what_all_may_read_names_the_file_and_no_password(daemon: DaemonProxy) -> None:
    assert daemon.drop_in.startswith(f"/etc/systemd/system/{daemon.name}.service.d/")
    assert f"EnvironmentFile={daemon.environment}\n" in daemon.drop_in_text
    assert "s3cret" not in daemon.drop_in_text


@both
def test_files_are_due_until_both_are_as_host_data_say(daemon: DaemonProxy) -> None:
    texts = {daemon.environment: daemon_proxy.text(SECRET), daemon.drop_in: daemon.drop_in_text}
    there = {path: files.digest(text) for path, text in texts.items()}
    assert daemon.due(a_host.bare(), SECRET)
    assert not daemon.due(replace(a_host.bare(), managed_files=there), SECRET)
    for path in there:
        lacking = {other: digest for other, digest in there.items() if other != path}
        assert daemon.due(replace(a_host.bare(), managed_files=lacking), SECRET)
        assert daemon.due(replace(a_host.bare(), managed_files=lacking), NetworkSettings())
    assert not daemon.due(a_host.bare(), NetworkSettings())


def test_daemons_share_no_file() -> None:
    assert not {DOCKER.environment, DOCKER.drop_in} & {CONTAINERD.environment, CONTAINERD.drop_in}


def test_without_a_proxy_there_is_no_text() -> None:
    assert daemon_proxy.text(NetworkSettings(no_proxy=("localhost",))) == ""

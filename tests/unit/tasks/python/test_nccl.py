"""The files with NCCL's settings: read by a shell, by Docker and by systemd alike."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

from facts.model.host import HostState
from tasks.hostdata.nccl import NcclSettings, nccl_settings
from tasks.python import nccl
from tasks.steps import files
from tests.unit.tasks import a_host, a_run, a_workspace

SAID = {"nccl": {"NCCL_SOCKET_IFNAME": "^docker,lo", "NCCL_ALGO": "allreduce:tree;broadcast:ring"}}
SETTINGS = nccl_settings(SAID)


def after(settings: NcclSettings) -> HostState:
    known = {path: files.digest(text) for path, text in nccl.texts(settings).items()}
    state = a_host.bare()
    return replace(state, managed_files={**state.managed_files, **known})


def commands(state: HostState, settings: NcclSettings) -> list[str]:
    run = a_run.ARun(state)
    run.prepared(lambda: nccl.written(settings=settings, name="NCCL's settings"))
    return run.executed().wire.commands


def test_nothing_said_writes_nothing() -> None:
    assert commands(a_host.bare(), NcclSettings()) == []


def test_three_files_come_and_a_second_run_changes_nothing() -> None:
    sent = commands(a_host.bare(), SETTINGS)
    assert len(sent) == 1 and all(path in sent[0] for path in nccl.texts(SETTINGS))
    assert commands(after(SETTINGS), SETTINGS) == []


def test_what_is_no_longer_said_goes() -> None:
    assert commands(after(SETTINGS), NcclSettings()) == [
        f"rm -f {nccl.PROFILE} {nccl.SHELL} {nccl.PLAIN}"
    ]


def test_shell_reads_each_value_as_it_was_said(tmp_path: Path) -> None:
    (tmp_path / "nccl.sh").write_text(nccl.texts(SETTINGS)[nccl.SHELL])
    done = subprocess.run(
        ["sh", "-euc", ". ./nccl.sh; env"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    for name, value in SETTINGS.values.items():
        assert f"{name}={value}" in done.stdout.splitlines()


def test_docker_s_file_has_a_line_for_each_without_quotes() -> None:
    lines = nccl.texts(SETTINGS)[nccl.PLAIN].splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "NCCL_ALGO=allreduce:tree;broadcast:ring",
        "NCCL_SOCKET_IFNAME=^docker,lo",
    ]


def test_workspace_has_them_and_is_another_container_then() -> None:
    plain, with_them = (
        a_workspace.settings_of(workspace_user="alice", **said) for said in ({}, SAID)
    )
    made = [
        a_workspace.places(a_workspace.ready(), settings, a_workspace.CDI)[0].made
        for settings in (plain, with_them)
    ]
    assert made[0].values != made[1].values
    assert made[1].environment["NCCL_SOCKET_IFNAME"] == "^docker,lo"
    assert not [name for name in made[0].environment if name.startswith("NCCL_")]

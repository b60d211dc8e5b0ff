"""The steps of a removal on a host that is a value: what each sends, and when none has anything."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from facts.removal_model import Traces
from tests.unit.tasks.removal.test_removal_opening import run
from tests.unit.tasks.removal.test_removal_plan import made
from tests.unit.tasks.removal.traces_of import with_brought

OURS = '{"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}}'


def docker(text: str = OURS) -> Traces:
    """A host in whose Docker's settings we have put our runtime."""
    return with_brought(made(daemon_json=text), docker_keys=frozenset({"runtimes"}))


def test_settings_of_docker_are_taken_back_where_they_have_ours() -> None:
    assert "Docker's settings" in run(docker()).changes
    assert "Docker's settings" not in run(docker('{"log-driver": "journald"}')).changes


@pytest.mark.parametrize("said", ["absent", "whole " + base64.b64encode(OURS.encode()).decode()])
def test_file_that_is_as_before_stays_and_its_backup_goes(said: str) -> None:
    bare = replace(docker(), files=(), aside=(), holds=frozenset(), folders={}, installed=())
    found = run(bare)
    found.wire.says = [said]  # the file as it is, and as it was
    commands = [c for c in found.executed().wire.commands if c.startswith("rm -f")]
    assert commands == ["rm -f /etc/docker/daemon.json.gpuwright-old"]


def test_workspaces_and_images_go_by_their_own_steps_where_they_are_named() -> None:
    traces = made(workspaces=("alice",), images=("a:b",), image_names=("a:b",))
    assert not {"Workspaces", "Images"} & set(run(traces).changes)
    assert {"Workspaces", "Images"} <= set(run(traces, also=["workspaces", "images"]).changes)


def test_our_folders_go_last() -> None:
    bare = replace(made(), files=(), aside=(), holds=frozenset(), installed=())
    commands = run(bare).executed().wire.commands
    assert "rm -rf --one-file-system /opt/gpuwright" in commands[-1]
    assert commands[-1].endswith("rm -rf --one-file-system /var/lib/gpuwright")

"""Images and rollback, what is left to do, and what a workspace's answers mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.workspace_model import Answer, WorkspaceState
from tasks.hostdata.workspace_values import Workspace
from tasks.steps import files
from tasks.workspace import entrance, findings, images, placing, service
from tasks.workspace.entrance import SshRoute
from tests.unit.tasks import a_host
from tests.unit.tasks.a_workspace import KEY, NEW, OLD, done, placed, ready, settings_of

WELL = Answer("alice", 200, 403, 200, None, None, 4)


def alice(**data: Any) -> Workspace:
    """Alice's workspace."""
    return settings_of(workspace_user="alice", **data).workspaces[0]


def history(*ids: str, state: WorkspaceState | None = None) -> WorkspaceState:
    """A host where Alice has worked in these images."""
    base = state or done(placed())
    record = {"images": [{"id": i, "name": ""} for i in ids]}
    return replace(base, workspaces={"alice": replace(base.workspaces["alice"], record=record)})


def codes(answer: Answer | None, **data: Any) -> list[str]:
    """Codes of what is found where a workspace answers so."""
    asked = settings_of(**{"workspace_user": "alice", **data})
    place = placed(**{k: v for k, v in data.items() if k != "rollback"})
    return [f.code for f in findings.findings(ready(), asked, place, answer)]


# ----------------------------------------------------------------- images


def test_newest_is_what_the_tag_means_now() -> None:
    assert images.target(ready(), alice(), 0) == NEW
    assert images.target(ready(), alice(workspace_tag="v2.8"), 0) == OLD
    assert images.target(ready(), alice(workspace_tag="v1"), 0) is None


def test_rollback_counts_from_the_tag_of_now() -> None:
    assert images.target(history(OLD, NEW), alice(), 1) == OLD
    assert images.target(history(OLD, NEW), alice(), 2) is None
    assert images.target(history(NEW, OLD), alice(), 1) == OLD


def test_image_that_was_removed_is_passed_over() -> None:
    assert images.target(history("sha256:gone", NEW), alice(), 1) is None


def test_rollback_stays_where_it_is_on_the_second_run() -> None:
    state = history(OLD, NEW)
    back = images.target(state, alice(), 1)
    assert back == OLD
    remembered = images.remembered(state, alice(), OLD)
    again = history(*(image for image, _ in remembered))
    assert images.target(again, alice(), 1) == OLD


def test_history_remembers_each_image_once_with_a_name() -> None:
    assert images.remembered(ready(), alice(), NEW) == [(NEW, "pytorch-cuda:v2.9")]
    twice = images.remembered(history(NEW), alice(), NEW)
    assert [image for image, _ in twice] == [NEW]


@pytest.mark.parametrize("record", [{}, {"images": 3}, {"images": [3, {"name": "x"}]}])
def test_damaged_record_has_no_history(record: dict[str, Any]) -> None:
    assert images.history(record) == []


# ----------------------------------------------------------------- what is left to do


def settled(state: WorkspaceState, **data: Any) -> bool:
    """Whether nothing is left to do for Alice."""
    link = {placing.link("alice"): "sum"}
    host = replace(a_host.bare(), managed_files=link)
    return service.settled(host, state, placed(**data))


def test_workspace_that_runs_as_asked_is_left_alone() -> None:
    assert settled(done(placed()))


@pytest.mark.parametrize(
    "data", [{"workspace_port": 9000}, {"workspace_tag": "v2.8"}, {"workspace_gpus": 1}]
)
def test_other_values_are_something_to_do(data: dict[str, Any]) -> None:
    assert not settled(done(placed()), **data)


def test_container_that_ended_is_started() -> None:
    state = done(placed())
    ended = {n: replace(c, status="exited") for n, c in state.containers.items()}
    assert not settled(replace(state, containers=ended))


def test_unit_that_somebody_stopped_is_started() -> None:
    state = done(placed())
    stopped = {"alice": replace(state.workspaces["alice"], active="inactive")}
    assert not settled(replace(state, workspaces=stopped))


def test_person_is_warned_only_of_a_container_that_runs_and_will_be_replaced() -> None:
    state = done(placed())
    assert not placing.replaced(state, placed())
    assert placing.replaced(state, placed(workspace_port=9000))
    assert not placing.replaced(ready(), placed())


def test_removal_has_nothing_to_do_where_only_a_home_is_left() -> None:
    host, state = a_host.bare(), done(placed())
    assert placing.left_of(host, state, "alice")
    home = replace(state.workspaces["alice"], token=None, keys=None, record={})
    gone = replace(state, containers={}, workspaces={"alice": home})
    assert not placing.left_of(host, gone, "alice")
    assert not placing.left_of(host, ready(), "bob")


def test_keys_on_the_host_are_compared_by_their_digest() -> None:
    state = done(placed(workspace_ssh_key=KEY))
    assert state.workspaces["alice"].keys == files.digest(KEY + "\n")


# ----------------------------------------------------------------- what its answers mean


def test_workspace_that_answers_only_with_its_token_is_well() -> None:
    assert codes(WELL) == []
    said = findings.proof(placed(), WELL)
    assert "127.0.0.1:8888, only with its token" in said and "lists 4 GPUs" in said


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (None, "WORKSPACE-DOWN"),
        (replace(WELL, lab=0, status="exited"), "WORKSPACE-DOWN"),
        (replace(WELL, without_token=200), "WORKSPACE-UNLOCKED"),
        (replace(WELL, without_token=None), "WORKSPACE-UNLOCKED"),
        (replace(WELL, with_token=403), "WORKSPACE-TOKEN"),
        (replace(WELL, gpus=3), "WORKSPACE-BLIND"),
        (replace(WELL, gpus=None, gpus_why="Unknown Error"), "WORKSPACE-BLIND"),
    ],
)
def test_what_is_wrong_has_a_code(answer: Answer | None, code: str) -> None:
    assert codes(answer) == [code]


def test_nothing_is_proven_of_one_that_does_not_answer_or_lets_all_in() -> None:
    for answer in (None, replace(WELL, lab=0), replace(WELL, without_token=200)):
        assert findings.proof(placed(), answer).startswith("none")


def test_services_that_were_asked_for_and_are_silent_are_named() -> None:
    data: dict[str, Any] = {"workspace_ssh_key": KEY, "workspace_tensorboard_port": 6007}
    silent = replace(WELL, tensorboard=0, ssh="")
    assert codes(silent, **data) == ["WORKSPACE-SILENT", "WORKSPACE-SILENT"]
    well = replace(WELL, tensorboard=200, ssh="SSH-2.0-OpenSSH_9.2p1")
    assert codes(well, **data) == []


def test_container_without_gpus_is_not_asked_for_them() -> None:
    assert codes(replace(WELL, gpus=None), workspace_gpus="none") == []


def test_earlier_image_is_said() -> None:
    assert codes(WELL, rollback=1) == ["ROLLED-BACK"]


# ----------------------------------------------------------------- the way in


def test_way_in_is_lines_to_copy_without_the_token() -> None:
    data: dict[str, Any] = {"workspace_ssh_key": KEY, "workspace_tensorboard_port": 6007}
    text = "\n".join(entrance.entrance(placed(**data), SshRoute("gpu1.example.org", "admin", 2200)))
    assert (
        "ssh -N -L 8888:127.0.0.1:8888 -L 2222:127.0.0.1:2222 -L 6007:127.0.0.1:6007 "
        "-p 2200 admin@gpu1.example.org"
    ) in text
    assert "http://127.0.0.1:8888/lab" in text
    assert "/var/lib/gpuwright/workspaces/alice/secrets/jupyter_token" in text
    assert "token=" not in text

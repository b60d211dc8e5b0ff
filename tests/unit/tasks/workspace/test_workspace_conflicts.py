"""What keeps a workspace from being made, said before the host is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from facts.workspace_model import Folder, Listener, WorkspaceState
from stacks.model.messages import Conflict
from tasks.workspace.workspace_conflicts import conflicts, may_be_fixed
from tests.unit.tasks import a_host
from tests.unit.tasks.a_workspace import KEY, NEW, OLD, done, placed, ready, settings_of, with_gpus


def found(state: WorkspaceState | None = None, **data: Any) -> list[Conflict]:
    """The conflicts of these host data."""
    asked = settings_of(**{"workspace_user": "alice", **data})
    return list(conflicts(a_host.bare(), state or ready(), asked))


def codes(state: WorkspaceState | None = None, **data: Any) -> list[str]:
    """Their codes."""
    return [conflict.code for conflict in found(state, **data)]


def test_ready_host_has_none() -> None:
    assert codes() == []


def test_workspace_that_runs_already_has_none() -> None:
    data: dict[str, Any] = {"workspace_ssh_key": KEY, "workspace_tensorboard_port": 6007}
    state = done(placed(**data))
    listeners = tuple(Listener(p, "127.0.0.1", "docker-proxy, PID 7") for p in state.published)
    assert codes(replace(state, listeners=listeners), **data) == []


def test_every_conflict_says_what_was_seen_and_a_way_out() -> None:
    state = replace(ready(), people={}, images={}, gpus=None, gpus_why="no driver")
    conflicts = found(state)
    assert {c.code for c in conflicts} == {"WORKSPACE-USER", "WORKSPACE-IMAGE", "WORKSPACE-GPUS"}
    assert all(c.what and c.why and c.remedies and c.source for c in conflicts)


def test_nothing_asked_for_says_how_to_ask() -> None:
    (conflict,) = conflicts(a_host.bare(), ready(), settings_of())
    assert conflict.code == "WORKSPACE-NONE" and "workspace_user" in conflict.remedies[0]


def test_without_docker_that_alone_is_said() -> None:
    state = replace(ready(), docker=None, docker_why="Cannot connect", images={}, people={})
    (conflict,) = found(state)
    assert conflict.code == "WORKSPACE-DOCKER" and "Cannot connect" in conflict.why
    assert "deploys/container_host.py" in conflict.remedies[0]


def test_root_gets_no_workspace() -> None:
    people = {"alice": replace(ready().people["alice"], uid=0)}
    assert codes(replace(ready(), people=people)) == ["WORKSPACE-ROOT"]


def test_port_of_another_program_is_refused_by_its_name() -> None:
    state = replace(ready(), listeners=(Listener(8888, "0.0.0.0", "nginx, PID 812"),))
    (conflict,) = found(state)
    assert (conflict.code, conflict.why) == (
        "WORKSPACE-PORT",
        "in use by nginx, PID 812 on 0.0.0.0",
    )


def test_port_of_another_container_is_refused_by_its_name() -> None:
    state = replace(
        ready(),
        published={8888: "gpuwright-workspace-bob"},
        listeners=(Listener(8888, "127.0.0.1", "docker-proxy, PID 9"),),
    )
    (conflict,) = found(state)
    assert conflict.why == "the container gpuwright-workspace-bob publishes it"


def test_port_of_tensorboard_names_its_own_key() -> None:
    state = replace(ready(), listeners=(Listener(6006, "0.0.0.0", ""),))
    (conflict,) = found(state, workspace_tensorboard_port=6006)
    assert "workspace_tensorboard_port" in conflict.remedies[0]


def test_missing_image_names_those_that_are_there() -> None:
    (conflict,) = found(workspace_tag="v2.7")
    assert conflict.code == "WORKSPACE-IMAGE"
    assert "pytorch-cuda:v2.8, pytorch-cuda:v2.9" in conflict.why
    assert conflict.remedies[0] == "pyinfra INVENTORY deploys/image.py"


def test_gpus_that_are_not_there_are_refused_with_the_numbers() -> None:
    (conflict,) = found(workspace_gpus=8)
    assert conflict.code == "WORKSPACE-GPUS" and "alice asks for 8" in conflict.why
    assert "has 4" in conflict.why


def test_gpus_of_others_are_refused() -> None:
    (conflict,) = found(with_gpus(ready(), bob="0,1,2"), workspace_gpus=2)
    assert "0, 1, 2 are other workspaces'" in conflict.why


def test_without_a_driver_nothing_is_asked_of_gpus_that_nobody_wants() -> None:
    state = replace(ready(), gpus=None, gpus_why="nvidia-smi is not on this host")
    assert codes(state) == ["WORKSPACE-GPUS"]
    assert codes(state, workspace_gpus="none") == []


def test_code_folder_that_cannot_be_read_is_refused_with_the_way_to_look() -> None:
    folder = Folder("alice", "/srv/code", True, False)
    (conflict,) = found(replace(ready(), folders={"alice": folder}))
    assert conflict.code == "WORKSPACE-CODE"
    assert "uid 1001" in conflict.why and "namei -l /srv/code" in conflict.remedies[0]


def test_missing_code_folder_is_refused_outside_of_the_home_only() -> None:
    def state(path: str) -> WorkspaceState:
        return replace(ready(), folders={"alice": Folder("alice", path, False, None)})

    assert codes(state("/home/alice/code")) == []
    assert codes(state("/srv/code")) == ["WORKSPACE-CODE"]
    assert codes(state("/home/alice/../bob/x")) == ["WORKSPACE-CODE"]


def test_more_than_the_host_has_is_refused() -> None:
    assert codes(workspace_cpus="999") == ["WORKSPACE-LIMIT"]
    assert codes(workspace_memory="9999g") == ["WORKSPACE-LIMIT"]
    (conflict,) = found(workspace_memory="1g", workspace_shm="8g")
    assert "/dev/shm counts as memory" in conflict.why


def test_limit_that_docker_would_drop_is_refused() -> None:
    state = replace(ready(), kept=("cpus",))
    (conflict,) = found(state, workspace_memory="1g", workspace_cpus="1")
    assert conflict.code == "WORKSPACE-LIMIT" and "no controller for memory" in conflict.why


def test_memory_that_root_may_not_lock_is_refused_with_what_can_be() -> None:
    state = replace(ready(), most_locked=8 * 2**20)
    (conflict,) = found(state)
    assert conflict.code == "WORKSPACE-LIMIT" and "8192k" in conflict.why
    assert codes(state, workspace_memlock="8m") == []
    assert codes(state, workspace_memlock="9m") == ["WORKSPACE-LIMIT"]


def test_container_of_that_name_that_is_not_ours_is_left_alone() -> None:
    state = replace(ready(), foreign=("gpuwright-workspace-alice",))
    assert codes(state) == ["WORKSPACE-FOREIGN"]


def test_no_way_back_without_a_former_image() -> None:
    (conflict,) = found(rollback=1)
    assert conflict.code == "ROLLBACK-NONE"


def test_way_back_is_the_image_before() -> None:
    state = ran(done(placed()), OLD, NEW)
    assert codes(state, rollback=1) == []
    assert codes(replace(state, image_ids=(NEW,)), rollback=1) == ["ROLLBACK-NONE"]


def test_only_what_earlier_deploys_bring_is_put_off() -> None:
    lacking = replace(ready(), images={}, gpus=None)
    assert may_be_fixed(tuple(found(lacking)))
    assert not may_be_fixed(tuple(found(replace(lacking, people={}))))


def ran(state: WorkspaceState, *images: str) -> WorkspaceState:
    """The host where Alice has worked in these images."""
    seen = state.workspaces["alice"]
    record = {**seen.record, "images": [{"id": i, "name": f"pytorch-cuda:{i}"} for i in images]}
    return replace(state, workspaces={"alice": replace(seen, record=record)})

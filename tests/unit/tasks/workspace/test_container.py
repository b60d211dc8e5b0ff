"""The container of a workspace: the same values said to Docker and to Compose."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.workspace import container, gpus, placing
from tests.unit.tasks import a_workspace
from tests.unit.tasks.a_workspace import CDI, GPUS, KEY, NEW, RUNTIME, placed, ready, settings_of


def words(**data: Any) -> list[str]:
    """What Docker is told for these host data."""
    return container.create_words(placed(**data).made)


def values(said: list[str], option: str) -> list[str]:
    """All values of an option."""
    return [after for word, after in itertools.pairwise(said) if word == option]


def service(**data: Any) -> dict[str, Any]:
    """The service of the Compose file."""
    text = container.compose_file(placed(**data).made)
    return dict(yaml.safe_load(text)["services"]["workspace"])


def test_it_runs_as_the_user_with_their_own_groups_and_no_privilege() -> None:
    said = words()
    assert values(said, "--user") == ["1001:1001"]
    assert values(said, "--group-add") == ["2000"]  # and not sudo's
    assert values(said, "--cap-drop") == ["ALL"]
    assert values(said, "--security-opt") == ["no-new-privileges"]
    assert "--privileged" not in said


def test_ports_are_bound_to_loopback_alone() -> None:
    data = {"workspace_ssh_key": KEY, "workspace_tensorboard_port": 6007}
    assert values(words(**data), "--publish") == [
        "127.0.0.1:8888:8888",
        "127.0.0.1:2222:2222",
        "127.0.0.1:6007:6006",
    ]
    assert values(words(workspace_address="::1"), "--publish") == ["[::1]:8888:8888"]


def test_only_services_that_were_asked_for_run() -> None:
    assert "GPUWRIGHT_SERVICES=jupyter" in values(words(), "--env")
    data = {"workspace_ssh_key": KEY, "workspace_tensorboard_port": 6007}
    assert "GPUWRIGHT_SERVICES=jupyter,sshd,tensorboard" in values(words(**data), "--env")


def test_secrets_are_a_read_only_folder_and_no_value() -> None:
    said = words(workspace_ssh_key=KEY)
    folder = "/var/lib/gpuwright/workspaces/alice/secrets"
    assert f"type=bind,source={folder},target=/run/secrets,readonly" in values(said, "--mount")
    assert not any("AAAA" in word for word in said)
    assert not any(word.startswith("JUPYTER_TOKEN=") for word in said)


def test_image_is_named_by_its_id() -> None:
    assert words()[-1] == NEW


def test_memory_may_be_locked_without_limit_unless_one_is_said() -> None:
    assert "memlock=-1:-1" in values(words(), "--ulimit")
    assert "memlock=8388608:8388608" in values(words(workspace_memlock="8m"), "--ulimit")


def test_limits_are_said_only_if_asked_for() -> None:
    assert values(words(), "--memory") == [] == values(words(), "--cpus")
    limited = words(workspace_memory="64g", workspace_cpus="3.5")
    assert (values(limited, "--memory"), values(limited, "--cpus")) == (["64g"], ["3.5"])


@pytest.mark.parametrize(
    ("ask", "asked", "said"),
    [
        (CDI, "all", ("--device", "nvidia.com/gpu=all")),
        (CDI, "0,2", ("--device", "nvidia.com/gpu=0", "--device", "nvidia.com/gpu=2")),
        (GPUS, "all", ("--gpus", "all")),
        (GPUS, "0,2", ("--gpus", '"device=0,2"')),
        (RUNTIME, "all", RUNTIME),
        (RUNTIME, "0,2", ("--runtime", "nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=0,2")),
        (CDI, "", ("--env", "NVIDIA_VISIBLE_DEVICES=void")),
    ],
)
def test_gpus_are_asked_for_in_the_words_of_the_plan(
    ask: tuple[str, ...], asked: str, said: tuple[str, ...]
) -> None:
    assert gpus.words(ask, asked) == said


def test_compose_asks_for_the_same_gpus() -> None:
    data = {"workspace_gpus": [0, 2]}
    (device,) = service(ask=CDI, **data)["deploy"]["resources"]["reservations"]["devices"]
    names = ["nvidia.com/gpu=0", "nvidia.com/gpu=2"]
    assert (device["driver"], device["device_ids"]) == ("cdi", names)
    (device,) = service(ask=GPUS, **data)["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["device_ids"]) == ("nvidia", ["0", "2"])
    by_runtime = service(ask=RUNTIME, **data)
    assert by_runtime["runtime"] == "nvidia"
    assert by_runtime["environment"]["NVIDIA_VISIBLE_DEVICES"] == "0,2"
    assert by_runtime["environment"]["SSH_USER"] == "alice"


def test_compose_says_what_docker_is_told() -> None:
    data = {
        "workspace_ssh_key": KEY,
        "workspace_tensorboard_port": 6007,
        "workspace_memory": "64g",
        "workspace_cpus": "2",
    }
    said, file = words(**data), service(**data)
    assert file["image"] == said[-1]
    assert [file["user"]] == values(said, "--user")
    assert file["group_add"] == values(said, "--group-add")
    assert file["cap_drop"] == values(said, "--cap-drop")
    assert file["ports"] == values(said, "--publish")
    assert [file["shm_size"]] == values(said, "--shm-size")
    assert [file["mem_limit"]] == values(said, "--memory")
    assert [str(int(file["cpus"]))] == values(said, "--cpus")
    assert [f"{k}={v}" for k, v in file["environment"].items()] == values(said, "--env")
    mounts = [
        f"type=bind,source={v['source']},target={v['target']}" + ",readonly" * v["read_only"]
        for v in file["volumes"]
    ]
    assert mounts == values(said, "--mount")
    limits = [f"{k}={v['soft']}:{v['hard']}" for k, v in file["ulimits"].items()]
    assert limits == values(said, "--ulimit")


def test_file_for_docker_says_the_words_and_no_other(tmp_path: Path) -> None:
    made = placed(workspace_gpus="0,1", ask=GPUS).made
    program = tmp_path / "docker"
    program.write_text('#!/bin/sh\nprintf "%s\\n" docker "$@"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", container.create_script(made)],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == container.create_words(made)


def test_other_values_have_another_digest_and_the_same_ones_the_same() -> None:
    assert placed().made.values == placed().made.values
    others = (
        {"workspace_port": 8890},
        {"workspace_gpus": 1},
        {"workspace_shm": "9g"},
        {"workspace_tag": "v2.8"},
        {"workspace_memory": "1g"},
    )
    digests = {placed(**data).made.values for data in ({}, *others)}
    assert len(digests) == len(others) + 1


# ----------------------------------------------------------------- sharing GPUs


def shared(*asked: Any, **had: str) -> dict[str, str]:
    """What users a, b … get who ask for these GPUs, where users of this host had those."""
    users = "abc"[: len(asked)]
    listed = [
        {"user": user, "port": 9000 + i, "gpus": said}
        for i, (user, said) in enumerate(zip(users, asked, strict=True))
    ]
    state = a_workspace.with_gpus(ready(), **had)
    return gpus.shared_out(
        settings_of(workspaces=listed), state.gpus or (), state.containers.values()
    )


def test_counts_get_gpus_that_nobody_else_has() -> None:
    assert shared(2, 1) == {"a": "0,1", "b": "2"}
    assert shared(2, [0]) == {"a": "1,2", "b": "0"}
    assert shared(1, "GPU-00") == {"a": "1", "b": "GPU-00"}


def test_all_is_shared() -> None:
    assert shared("all", 2) == {"a": "all", "b": "0,1"}


def test_none_gets_none() -> None:
    assert shared("none", 4) == {"a": "", "b": "0,1,2,3"}


def test_who_has_gpus_keeps_them() -> None:
    assert shared(1, 2, b="0,1") == {"a": "2", "b": "0,1"}


def test_who_asks_for_another_number_now_has_no_claim() -> None:
    assert shared(2, 1, b="0,1") == {"a": "0,1", "b": "2"}


def test_users_that_are_not_named_now_keep_theirs() -> None:
    assert shared(2, z="0") == {"a": "1,2"}


def test_too_many_are_refused_with_the_numbers() -> None:
    with pytest.raises(gpus.TooFewError, match=r"b asks for 2; this host has 4 .*0, 1, 2"):
        shared(3, 2)
    with pytest.raises(gpus.TooFewError, match="a asks for 4, GPU-9; this host has 4"):
        shared([0, 4, "GPU-9"])


def test_expected_in_the_container_is_what_was_given() -> None:
    assert [gpus.expected(ready(), given) for given in ("all", "0,1", "", "MIG-1,MIG-2")] == [
        4,
        2,
        0,
        1,
    ]


# ----------------------------------------------------------------- placing


def test_code_folder_that_is_missing_in_the_home_is_made() -> None:
    state = ready()
    gone = replace(state.folders["alice"], exists=False, readable=None)
    assert placed(replace(state, folders={"alice": gone})).make_code
    assert not placed().make_code


def test_unit_waits_for_the_cdi_spec_and_is_not_stopped_with_docker() -> None:
    lines = placing.unit().splitlines()
    assert any(line.startswith("After=") and "nvidia-cdi-refresh.service" in line for line in lines)
    assert not any(line.startswith(("Requires=docker", "BindsTo=")) for line in lines)

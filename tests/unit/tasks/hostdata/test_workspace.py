"""Host data about workspaces: read once, checked before any host is touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.hostdata.workspace_values import GpuChoice
from tests.unit.tasks.a_workspace import KEY, settings_of


def test_single_form_is_one_workspace() -> None:
    (alice,) = settings_of(workspace_user="alice", workspace_port="8890").workspaces
    assert (alice.user, alice.port, alice.address) == ("alice", 8890, "127.0.0.1")
    assert alice.reference == "pytorch-cuda:v2.9"


def test_nothing_said_is_no_workspace() -> None:
    assert settings_of().workspaces == ()


def test_defaults_alone_are_no_workspace() -> None:
    assert settings_of(workspace_tag="v2.8", workspaces=[]).workspaces == ()


def test_user_of_the_single_form_beside_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="both said"):
        settings_of(workspace_user="alice", workspaces=[{"user": "bob"}])


def test_beside_a_list_the_single_form_is_the_default_of_each() -> None:
    alice, bob = settings_of(
        workspaces=[{"user": "alice"}, {"user": "bob", "port": 8889, "tag": "v2.10"}],
        workspace_tag="v2.8",
        workspace_shm="2g",
    ).workspaces
    assert [(w.tag, w.shm, w.port) for w in (alice, bob)] == [
        ("v2.8", "2g", 8888),
        ("v2.10", "2g", 8889),
    ]


def test_shared_memory_is_no_more_than_memory_unless_it_is_said() -> None:
    sizes = [
        settings_of(workspace_user="a", workspace_memory=m).workspaces[0].shm
        for m in ("800m", "64g", "")
    ]
    assert sizes == ["800m", "8g", "8g"]


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("all", GpuChoice("all")),
        ("none", GpuChoice("count", 0)),
        (0, GpuChoice("count", 0)),
        ("2", GpuChoice("count", 2)),
        ("0,1", GpuChoice("ids", 0, ("0", "1"))),
        ("3,", GpuChoice("ids", 0, ("3",))),
        ([0, "GPU-1a"], GpuChoice("ids", 0, ("0", "GPU-1a"))),
        ("GPU-1a", GpuChoice("ids", 0, ("GPU-1a",))),
    ],
)
def test_gpus_are_all_a_count_or_ids(said: Any, choice: GpuChoice) -> None:
    assert settings_of(workspace_user="a", workspace_gpus=said).workspaces[0].gpus == choice


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "../etc"),
        ("user", "a b"),
        ("port", 80),
        ("port", True),
        ("port", "8888; reboot"),
        ("address", "localhost"),
        ("code", "code"),
        ("code", "/"),
        ("code", "/a,readonly"),
        ("gpus", "one"),
        ("gpus", [0, 0]),
        ("gpus", True),
        ("gpus", "0,$(id)"),
        ("shm", "8 GB"),
        ("memory", "0g"),
        ("cpus", "many"),
        ("image", "Pytorch Cuda"),
        ("tag", "-v"),
        ("tensorboard_port", 70000),
        ("ssh_key", "/no/such/file"),
    ],
)
def test_what_cannot_be_is_named_with_its_key(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f'"workspace_{key}"'):
        settings_of(**{"workspace_user": "alice", f"workspace_{key}": value})


def test_wrong_key_in_a_list_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"workspaces\[0\]\.prot.*mean port"):
        settings_of(workspaces=[{"user": "alice", "prot": 1}])


@pytest.mark.parametrize("listed", ["alice", {"user": "alice"}, ["alice"]])
def test_list_of_something_else_is_refused(listed: Any) -> None:
    with pytest.raises(ValueError, match='"workspaces'):
        settings_of(workspaces=listed)


def test_list_without_a_user_is_refused() -> None:
    with pytest.raises(ValueError, match=r'"workspaces\[0\]\.user" is missing'):
        settings_of(workspaces=[{"port": 8888}])


def test_two_workspaces_on_one_port_are_refused_with_both_names() -> None:
    with pytest.raises(ValueError, match=r"8888.*JupyterLab of alice, JupyterLab of bob"):
        settings_of(workspaces=[{"user": "alice"}, {"user": "bob"}])


def test_port_of_sshd_counts_only_with_a_key() -> None:
    two = [{"user": "alice"}, {"user": "bob", "port": 8889}]
    assert len(settings_of(workspaces=two).workspaces) == 2
    with pytest.raises(ValueError, match="2222"):
        settings_of(workspaces=two, workspace_ssh_key=KEY)


def test_one_user_has_one_workspace() -> None:
    with pytest.raises(ValueError, match="two workspaces are asked for alice"):
        settings_of(workspaces=[{"user": "alice"}, {"user": "alice", "port": 8889}])


def test_public_key_is_given_itself_or_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "id.pub"
    file.write_text(f"# mine\n{KEY}\n")
    (alice,) = settings_of(workspace_user="alice", workspace_ssh_key=[KEY, str(file)]).workspaces
    assert alice.ssh_keys == (KEY,)
    assert alice.ports == {"JupyterLab": 8888, "ssh": 2222}


def test_private_key_is_refused_and_not_shown(tmp_path: Path) -> None:
    secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END"
    file = tmp_path / "id"
    file.write_text(secret)
    for said in (secret, str(file)):
        with pytest.raises(ValueError, match="PRIVATE") as error:
            settings_of(workspace_user="alice", workspace_ssh_key=said)
        assert "b3Blb" not in str(error.value)


def test_key_with_options_is_refused() -> None:
    with pytest.raises(ValueError, match='"workspace_ssh_key"'):
        settings_of(workspace_user="alice", workspace_ssh_key=f'command="id" {KEY}')


def test_users_whose_workspace_goes_are_a_list_or_words() -> None:
    assert settings_of(workspaces_absent="bob,carol").absent == ("bob", "carol")
    assert settings_of(workspaces_absent=["bob"]).absent == ("bob",)
    with pytest.raises(ValueError, match=r"bob.*workspaces_absent"):
        settings_of(workspace_user="bob", workspaces_absent=["bob"])
    with pytest.raises(ValueError, match="workspaces_absent"):
        settings_of(workspaces_absent="../x")


def test_ports_that_are_open_to_others_are_warned_of() -> None:
    assert settings_of(workspace_user="alice").warnings == ()
    (said,) = settings_of(workspace_user="alice", workspace_address="0.0.0.0").warnings
    assert said.startswith("WORKSPACE-OPEN: alice")

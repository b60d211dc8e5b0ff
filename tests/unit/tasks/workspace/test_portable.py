"""Workspaces for Kubernetes and Compose: the values of a host's workspace, and no secret."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from image.programs import settings as inside
from tasks.workspace import container, portable
from tests.unit.tasks import a_workspace

ALL: dict[str, Any] = {
    "workspace_user": "alice",
    "workspace_gpus": 2,
    "workspace_port": 8890,
    "workspace_memory": "64g",
    "workspace_shm": "1536m",
    "workspace_cpus": "3.5",
    "workspace_ssh_key": a_workspace.KEY,
    "workspace_tensorboard_port": 6007,
    "workspace_image": "registry.example.org/team/pytorch-cuda",
    "nccl": {"NCCL_SOCKET_IFNAME": "^docker,lo"},
}


def manifest(**said: Any) -> dict[str, dict[str, Any]]:
    """Objects by kind."""
    found = a_workspace.settings_of(**{**ALL, **said}).workspaces
    text = portable.kubernetes(found, 1500, "20Gi")
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def pod(**said: Any) -> dict[str, Any]:
    found: dict[str, Any] = manifest(**said)["StatefulSet"]["spec"]["template"]["spec"]
    return found


def composed(**said: Any) -> dict[str, Any]:
    found = a_workspace.settings_of(**{**ALL, **said}).workspaces
    read: dict[str, Any] = yaml.safe_load(portable.compose(found, 1500))
    return read


def test_pod_is_nobody_special_and_may_become_nobody_else() -> None:
    one = pod()
    assert one["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 1500,
        "runAsGroup": 1500,
        "fsGroup": 1500,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert one["containers"][0]["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "privileged": False,
        "readOnlyRootFilesystem": True,
    }
    assert one["automountServiceAccountToken"] is False


def test_limits_are_those_of_the_values() -> None:
    one = pod()
    assert one["containers"][0]["resources"] == {
        "limits": {"cpu": "3.5", "memory": "64Gi", "nvidia.com/gpu": 2}
    }
    shm = next(volume for volume in one["volumes"] if volume["name"] == "shm")
    assert shm["emptyDir"] == {"medium": "Memory", "sizeLimit": "1536Mi"}
    assert (
        pod(workspace_gpus="none", workspace_cpus="", workspace_memory="")["containers"][0][
            "resources"
        ]
        == {}
    )


@pytest.mark.parametrize("gpus", ["all", [0, 1], "GPU-1234"])
def test_gpus_that_are_no_number_are_refused(gpus: object) -> None:
    with pytest.raises(ValueError, match="say a count"):
        manifest(workspace_gpus=gpus)


@pytest.mark.parametrize("user", ["Alice", "a_b", "a.b", "alice-"])
def test_user_whose_name_is_none_in_kubernetes_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="names in Kubernetes"):
        manifest(workspace_user=user)


def test_every_mounted_volume_is_there_and_every_port_leads_inside() -> None:
    found = manifest()
    spec = found["StatefulSet"]["spec"]
    one = spec["template"]["spec"]
    known = {v["name"] for v in one["volumes"]}
    known |= {c["metadata"]["name"] for c in spec["volumeClaimTemplates"]}
    assert {m["name"] for m in one["containers"][0]["volumeMounts"]} == known
    ports = {p["name"]: p["containerPort"] for p in one["containers"][0]["ports"]}
    assert ports == {"jupyterlab": 8888, "ssh": 2222, "tensorboard": 6006}
    assert sorted(ports.values()) == sorted(inside.PORTS.values())
    served = {p["targetPort"]: p["port"] for p in found["Service"]["spec"]["ports"]}
    assert served == {"jupyterlab": 8890, "ssh": 2222, "tensorboard": 6007}
    assert found["Service"]["spec"]["selector"] == spec["selector"]["matchLabels"]
    assert spec["template"]["metadata"]["labels"] == spec["selector"]["matchLabels"]


def test_token_is_a_secret_by_reference() -> None:
    found = manifest()
    assert set(found) == {"ConfigMap", "Service", "StatefulSet"}
    projected = next(v for v in pod()["volumes"] if v["name"] == "secrets")["projected"]
    assert projected["sources"][0] == {
        "secret": {
            "name": "gpuwright-workspace-alice",
            "items": [{"key": "jupyter_token", "path": "jupyter_token"}],
        }
    }
    assert "JUPYTER_TOKEN" not in {e["name"] for e in pod()["containers"][0]["env"]}
    assert composed()["secrets"]["alice_jupyter_token"] == {"file": "./alice/secrets/jupyter_token"}


def test_environment_is_that_of_a_workspace_on_a_host() -> None:
    workspace = a_workspace.settings_of(**ALL).workspaces[0]
    wanted = container.environment(workspace)
    assert {e["name"]: e["value"] for e in pod()["containers"][0]["env"]} == wanted
    assert composed()["services"]["alice"]["environment"] == wanted
    assert wanted["NCCL_SOCKET_IFNAME"] == "^docker,lo"
    # What it is told must be what the image's programs read.
    files = {**wanted, "SSH_AUTHORIZED_KEYS_FILE": "", "JUPYTER_TOKEN": "x" * 32}
    assert inside.read({**files, "GPUWRIGHT_SERVICES": "jupyter"}).ssh_user == "alice"


def test_compose_keeps_the_root_read_only_and_gives_no_privilege() -> None:
    one = composed()["services"]["alice"]
    assert one["read_only"] is True and one["tmpfs"] == ["/tmp:exec,mode=1777"]
    assert one["cap_drop"] == ["ALL"] and one["security_opt"] == ["no-new-privileges"]
    assert one["user"] == "1500:1500"
    assert one["image"] == "registry.example.org/team/pytorch-cuda:v2.9"
    device = one["deploy"]["resources"]["reservations"]["devices"][0]
    assert device == {"driver": "nvidia", "count": 2, "capabilities": ["gpu"]}


@pytest.mark.parametrize(
    ("gpus", "given"),
    [("all", {"count": "all"}), ([0, 1], {"device_ids": ["0", "1"]}), ("none", None)],
)
def test_compose_has_words_for_all_ids_and_none(gpus: object, given: object) -> None:
    one = composed(workspace_gpus=gpus)["services"]["alice"]
    if given is None:
        assert "deploy" not in one
        assert one["environment"]["NVIDIA_VISIBLE_DEVICES"] == "void"
    else:
        device = one["deploy"]["resources"]["reservations"]["devices"][0]
        assert device == {"driver": "nvidia", **given, "capabilities": ["gpu"]}  # type: ignore[dict-item]


def test_team_is_one_compose_file_and_a_manifest_for_each() -> None:
    team = {"workspaces": [{"user": "alice", "gpus": 1}, {"user": "bob", "gpus": 1, "port": 8889}]}
    found = a_workspace.settings_of(**team).workspaces
    assert set(yaml.safe_load(portable.compose(found, 1000))["services"]) == {"alice", "bob"}
    documents = list(yaml.safe_load_all(portable.kubernetes(found, 1000, "50Gi")))
    names = [one["metadata"]["name"] for one in documents if one["kind"] == "StatefulSet"]
    assert names == ["gpuwright-workspace-alice", "gpuwright-workspace-bob"]

"""A workspace for where no host of ours is: a Kubernetes manifest, or a Compose file. Pure.

Both come from the values that a workspace on a host is made from. Both keep the root file system
read-only and name no secret but by reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import yaml

from facts.workspace_model import Person
from tasks.hostdata.workspace_values import Workspace, size_bytes
from tasks.workspace import container, gpus
from tasks.workspace.container import CODE, HOME, INSIDE, SECRETS

LABEL = "org.gpuwright/workspace"
HEALTH = ["/opt/gpuwright/bin/healthcheck"]
_DNS = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
"""A label of RFC 1123, as names in Kubernetes are."""
_PROBE_S = {"periodSeconds": 30, "timeoutSeconds": 20}
_START_TRIES = 20
"""Of the first probe, each after `_PROBE_S`: JupyterLab may take long on a cold disk."""


def kubernetes(workspaces: Sequence[Workspace], uid: int, storage: str) -> str:
    """Manifests of these workspaces, one document for each object.

    Args:
        workspaces: As host data ask for them.
        uid: User and group that the containers run as.
        storage: Size of each volume, in Kubernetes' words.

    Raises:
        ValueError: Kubernetes has no words for what is asked.
    """
    return "---\n".join(_kubernetes(one, uid, storage) for one in workspaces)


def _kubernetes(workspace: Workspace, uid: int, storage: str) -> str:
    name = _name(workspace)
    head = (
        f"# Made by gpuwright: the workspace of {workspace.user}. Its token is a secret of yours, "
        "made once:\n"
        f"#   kubectl create secret generic {name} "
        '--from-literal=jupyter_token="$(openssl rand -hex 24)"\n'
        f"# In:  kubectl port-forward service/{name} {workspace.port}:{workspace.port}\n"
        "# Limits of locked memory and of the stack are the container runtime's: Kubernetes has no "
        "words for them.\n"
    )
    objects = [
        *([_public_keys(name, workspace)] if workspace.ssh_keys else []),
        _service(name, workspace),
        _stateful_set(name, workspace, uid, storage),
    ]
    return head + yaml.safe_dump_all(objects, sort_keys=False, width=200)


def _name(workspace: Workspace) -> str:
    if not _DNS.fullmatch(workspace.user):
        raise ValueError(
            f'"user" {workspace.user}: names in Kubernetes are of small letters, digits and "-"'
        )
    return workspace.container


def _meta(name: str, user: str) -> dict[str, Any]:
    return {"name": name, "labels": {LABEL: user}}


def _public_keys(name: str, workspace: Workspace) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": _meta(name, workspace.user),
        "data": {"authorized_keys": "".join(f"{key}\n" for key in workspace.ssh_keys)},
    }


def _service(name: str, workspace: Workspace) -> dict[str, Any]:
    ports = [
        {"name": what.lower(), "port": port, "targetPort": what.lower()}
        for what, port in workspace.ports.items()
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _meta(name, workspace.user),
        "spec": {"type": "ClusterIP", "selector": {LABEL: workspace.user}, "ports": ports},
    }


def _stateful_set(name: str, workspace: Workspace, uid: int, storage: str) -> dict[str, Any]:
    labels = {LABEL: workspace.user}
    volumes = ("home", "code")
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": _meta(name, workspace.user),
        "spec": {
            "serviceName": name,
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": _pod(name, workspace, uid)},
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": volume},
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": storage}},
                    },
                }
                for volume in volumes
            ],
        },
    }


def _pod(name: str, workspace: Workspace, uid: int) -> dict[str, Any]:
    sources: list[dict[str, Any]] = [
        {"secret": {"name": name, "items": [{"key": "jupyter_token", "path": "jupyter_token"}]}}
    ]
    if workspace.ssh_keys:
        sources.append({"configMap": {"name": name}})
    probe = {"exec": {"command": HEALTH}, **_PROBE_S}
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": uid,
            "runAsGroup": uid,
            "fsGroup": uid,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "workspace",
                "image": workspace.reference,
                "args": ["services"],
                "env": [
                    {"name": key, "value": value}
                    for key, value in container.environment(workspace).items()
                ],
                "ports": [
                    {"name": what.lower(), "containerPort": INSIDE[what]}
                    for what in workspace.ports
                ],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                    "privileged": False,
                    "readOnlyRootFilesystem": True,
                },
                "resources": _resources(workspace),
                "startupProbe": {**probe, "failureThreshold": _START_TRIES},
                "readinessProbe": probe,
                "livenessProbe": {**probe, "failureThreshold": 5},
                "volumeMounts": [
                    {"name": "home", "mountPath": HOME},
                    {"name": "code", "mountPath": CODE},
                    {"name": "tmp", "mountPath": "/tmp"},
                    {"name": "shm", "mountPath": "/dev/shm"},
                    {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
                ],
            }
        ],
        "volumes": [
            {"name": "tmp", "emptyDir": {}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": _size(workspace.shm)}},
            {"name": "secrets", "projected": {"defaultMode": 0o440, "sources": sources}},
        ],
    }


def _resources(workspace: Workspace) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if workspace.cpus:
        limits["cpu"] = workspace.cpus
    if workspace.memory:
        limits["memory"] = _size(workspace.memory)
    if not workspace.gpus.none:
        if workspace.gpus.kind != "count":
            said = "all" if workspace.gpus.kind == "all" else ",".join(workspace.gpus.ids)
            raise ValueError(
                f'"gpus" {said} for {workspace.user}: Kubernetes gives GPUs by their number: say a '
                "count, such as `--data workspace_gpus=1`, or none"
            )
        limits["nvidia.com/gpu"] = workspace.gpus.count
    return {"limits": limits} if limits else {}


def _size(size: str) -> str:
    """A size in Docker's words in those of Kubernetes: ``8g`` is ``8Gi``."""
    count = size_bytes(size)
    for unit, factor in (("Gi", 2**30), ("Mi", 2**20), ("Ki", 2**10)):
        if count % factor == 0:
            return f"{count // factor}{unit}"
    return str(count)


def compose(workspaces: Sequence[Workspace], uid: int) -> str:
    """One Compose file for these workspaces.

    GPUs are asked for as Docker's NVIDIA driver has it, which every Compose since 1.28 knows.
    """
    services: dict[str, dict[str, Any]] = {}
    secrets: dict[str, dict[str, str]] = {}
    volumes: dict[str, dict[str, str]] = {}
    for workspace in workspaces:
        token = f"{workspace.user}_jupyter_token"
        secrets[token] = {"file": f"./{workspace.user}/secrets/jupyter_token"}
        volumes[f"{workspace.user}_home"] = {}
        services[workspace.user] = _service_of(workspace, uid, token)
        if workspace.ssh_keys:
            # Public, and yet a file: older versions of Compose have no configs with content.
            keys = f"{workspace.user}_authorized_keys"
            secrets[keys] = {"file": f"./{workspace.user}/secrets/authorized_keys"}
            services[workspace.user]["secrets"].append(
                {"source": keys, "target": "authorized_keys"}
            )
    head = (
        "# Made by gpuwright. Beside this file, for each user, once, and readable for uid "
        f"{uid} alone:\n"
        "#   mkdir -p USER/secrets USER/code && openssl rand -hex 24 >USER/secrets/jupyter_token\n"
        "# and USER/secrets/authorized_keys where sshd is asked for.\n"
        "# Docker's own seccomp profile holds: nothing here takes it off.\n"
    )
    whole = {"services": services, "volumes": volumes, "secrets": secrets}
    return head + yaml.safe_dump(whole, sort_keys=False, width=200)


def _service_of(workspace: Workspace, uid: int, token: str) -> dict[str, Any]:
    made = container.container(
        workspace,
        Person(workspace.user, uid, uid, (uid,), HOME),
        workspace.code or f"./{workspace.user}/code",
        workspace.reference,
        "",
        (),
    )
    found = container.compose_service(made)
    found["read_only"] = True
    found["tmpfs"] = ["/tmp:exec,mode=1777"]
    found["volumes"] = [
        {"type": "bind", "source": made.code.replace("$", "$$"), "target": CODE},
        {"type": "volume", "source": f"{workspace.user}_home", "target": HOME},
    ]
    found["secrets"] = [{"source": token, "target": "jupyter_token"}]
    found["environment"] = container.environment(workspace)
    choice = workspace.gpus
    if choice.none:
        found |= {"environment": {**found["environment"], "NVIDIA_VISIBLE_DEVICES": "void"}}
    elif choice.kind == "count":
        found |= gpus.reserved("nvidia", {"count": choice.count})
    else:
        given = "all" if choice.kind == "all" else ",".join(choice.ids)
        found |= gpus.in_compose(("--gpus", "all"), given)
    return found

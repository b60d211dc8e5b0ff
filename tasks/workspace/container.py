"""The container of a workspace: one set of values, said to Docker and to Compose. Pure.

The unit starts the container with plain ``docker`` words: Compose is a plugin that Debian 12 does
not have, and its way of asking for GPUs differs with its version. The Compose file is for people;
it is rendered from the same values.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import yaml

from facts.workspace_model import Person
from tasks.hostdata.workspace_values import Workspace, size_bytes
from tasks.steps.files import HEADER
from tasks.workspace import gpus as gpu_words

LABEL = "org.gpuwright"
SECRETS = "/run/secrets"
HOME = "/home/user"
CODE = "/workspace/code"
HELD = "/run/gpuwright/workspaces"
"""Where the unit holds each code folder by a mount (``tasks/templates/workspace.sh.j2``)."""
INSIDE = {"JupyterLab": 8888, "TensorBoard": 6006, "ssh": 2222}
"""Ports in the container: docs/image.md."""
_SERVICE = {"JupyterLab": "jupyter", "TensorBoard": "tensorboard", "ssh": "sshd"}
_SYSTEM_GROUPS = 1000
"""Groups below are the host's own (docker, sudo, disk …): a container gets none of them."""
_STACK = 67108864
"""64 MiB, and pinned memory without limit, as NVIDIA's PyTorch images ask for at their start (their
entry point's notice; from memory)."""
_LOGS = {"max-size": "10m", "max-file": "5"}


@dataclass(frozen=True)
class Container:
    """Everything that a workspace's container is made from."""

    user: str
    name: str
    image: str
    """The image's id, so that a tag that moves later moves nothing by itself."""
    reference: str
    """The name under which a person knows it."""
    identity: str
    """``uid:gid``."""
    code: str
    """The host's folder of code."""
    groups: tuple[int, ...]
    ports: Mapping[str, str]
    """``address:port`` on the host to the port inside."""
    mounts: Mapping[str, tuple[str, bool]]
    """Folder inside to the host's folder and whether it is read-only."""
    environment: Mapping[str, str]
    gpus: str
    ask: tuple[str, ...]
    """The plan's words for all GPUs."""
    shm: str
    ulimits: Mapping[str, int]
    """Limits by name; -1: none."""
    memory: str
    cpus: str
    values: str = ""
    """Digest over all of the above."""


def container(
    workspace: Workspace, person: Person, code: str, image: str, gpus: str, ask: tuple[str, ...]
) -> Container:
    """The container of a workspace on its host.

    Args:
        workspace: What is asked for.
        person: The user as the host knows them.
        code: The host's folder of code.
        image: Id of the image.
        gpus: What `gpus.shared_out` gave.
        ask: The plan's words for all GPUs.
    """
    address = f"[{workspace.address}]" if ":" in workspace.address else workspace.address
    made = Container(
        user=workspace.user,
        name=workspace.container,
        image=image,
        reference=workspace.reference,
        identity=f"{person.uid}:{person.gid}",
        code=code,
        groups=tuple(sorted(g for g in person.groups if g != person.gid and g >= _SYSTEM_GROUPS)),
        ports={f"{address}:{port}": str(INSIDE[what]) for what, port in workspace.ports.items()},
        mounts={
            CODE: (f"{HELD}/{workspace.user}/code", False),
            HOME: (f"{workspace.folder}/home", False),
            SECRETS: (f"{workspace.folder}/secrets", True),
        },
        environment=environment(workspace),
        gpus=gpus,
        ask=ask if gpus else (),
        shm=workspace.shm,
        ulimits={
            "memlock": -1 if workspace.memlock == "unlimited" else size_bytes(workspace.memlock),
            "stack": _STACK,
        },
        memory=workspace.memory,
        cpus=workspace.cpus,
    )
    body = json.dumps([create_words(made), made.reference, made.code])
    return replace(made, values=hashlib.sha256(body.encode()).hexdigest()[:16])


def environment(workspace: Workspace) -> dict[str, str]:
    """What a workspace's container is told by its environment: no secret is in it."""
    return {
        "HOME": HOME,  # for `docker exec` as well: the image's list of users lacks this uid
        "GPUWRIGHT_SERVICES": ",".join(_SERVICE[what] for what in workspace.ports),
        "JUPYTER_TOKEN_FILE": f"{SECRETS}/jupyter_token",
        "SSH_AUTHORIZED_KEYS_FILE": f"{SECRETS}/authorized_keys",
        "SSH_USER": workspace.user,
        **dict(workspace.nccl),
    }


def create_words(made: Container) -> list[str]:
    """``docker create …``, the image last. Options stand before their values, as pairs."""
    options: list[tuple[str, str]] = [
        ("--name", made.name),
        ("--hostname", "workspace"),
        ("--label", f"{LABEL}.workspace={made.user}"),
        ("--label", f"{LABEL}.values={made.values}"),
        ("--label", f"{LABEL}.gpus={made.gpus}"),
        ("--user", made.identity),
        *(("--group-add", str(group)) for group in made.groups),
        ("--cap-drop", "ALL"),
        ("--security-opt", "no-new-privileges"),
        ("--restart", "unless-stopped"),
        ("--shm-size", made.shm),
        *(("--ulimit", f"{name}={value}:{value}") for name, value in made.ulimits.items()),
        *((("--memory", made.memory),) if made.memory else ()),
        *((("--cpus", made.cpus),) if made.cpus else ()),
        ("--log-driver", "json-file"),
        *(("--log-opt", f"{name}={value}") for name, value in _LOGS.items()),
        *(("--publish", f"{outside}:{inside}") for outside, inside in made.ports.items()),
        *(
            ("--mount", f"type=bind,source={source},target={target}" + ",readonly" * read_only)
            for target, (source, read_only) in made.mounts.items()
        ),
        *(("--env", f"{name}={value}") for name, value in made.environment.items()),
    ]
    flat = [word for option in options for word in option]
    return ["docker", "create", *flat, *gpu_words.words(made.ask, made.gpus), made.image]


def create_script(made: Container) -> str:
    """The file that makes the container, for the unit and for people."""
    words = create_words(made)
    lines = [shlex.join(words[:2])]
    for word in words[2:]:
        if word.startswith("-") or word == made.image:
            lines.append(shlex.quote(word))
        else:
            lines[-1] += f" {shlex.quote(word)}"
    return (
        f"#!/bin/sh\n{HEADER}# {made.reference}, as it was when this was written. Not started by "
        f"itself:\n# systemctl start gpuwright-workspace@{made.user}\nexec "
        + " \\\n    ".join(lines)
        + "\n"
    )


def compose_file(made: Container) -> str:
    """The same container as a Compose file."""
    head = (
        f"{HEADER}# The same container as that of the unit gpuwright-workspace@{made.user}, for "
        "those who prefer\n# Compose: stop the unit first. The image is "
        f"{made.reference} by its id.\n"
    )
    services = {"services": {"workspace": compose_service(made)}}
    return head + yaml.safe_dump(services, sort_keys=False, width=200)


def compose_service(made: Container) -> dict[str, Any]:
    """The same container as a service of a Compose file."""
    gpus = gpu_words.in_compose(made.ask, made.gpus)
    return {
        "image": made.image,
        "container_name": made.name,
        "hostname": "workspace",
        "user": made.identity,
        **({"group_add": [str(g) for g in made.groups]} if made.groups else {}),
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "restart": "unless-stopped",
        "shm_size": made.shm,
        "ulimits": {n: {"soft": v, "hard": v} for n, v in made.ulimits.items()},
        **({"mem_limit": made.memory} if made.memory else {}),
        **({"cpus": float(made.cpus)} if made.cpus else {}),
        "logging": {"driver": "json-file", "options": dict(_LOGS)},
        "ports": [f"{outside}:{inside}" for outside, inside in made.ports.items()],
        "volumes": [
            # Compose puts a variable's value for "$NAME"; "$$" is the character.
            {"type": "bind", "source": path.replace("$", "$$"), "target": to, "read_only": fixed}
            for to, (path, fixed) in made.mounts.items()
        ],
        **gpus,
        "environment": {**made.environment, **gpus.get("environment", {})},
    }

"""Host data about workspaces, checked before any host is touched. Pure but for public key files.

Either a list ``workspaces`` of mappings (``{"user": "alice", "port": 8889}``), or one workspace by
``workspace_user``, ``workspace_port`` …. Beside a list, ``workspace_…`` is the default for each.
Every function raises `ValueError` with the key, the value and what was expected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from stacks.catalog.decode import nearest
from stacks.model.plain import quoted
from tasks.hostdata import host as host_data
from tasks.hostdata import nccl as nccl_data
from tasks.hostdata.reading import Data, Number, Reader
from tasks.hostdata.workspace_values import GpuChoice, Workspace, WorkspaceSettings, size_bytes

KEYS = (
    "user",
    "port",
    "address",
    "code",
    "gpus",
    "shm",
    "memlock",
    "memory",
    "cpus",
    "ssh_key",
    "ssh_port",
    "tensorboard_port",
    "image",
    "tag",
)
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}")
"""Users whose name can be part of a container's and a unit's name as it is."""
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_SIZE = re.compile(r"[1-9][0-9]*[bkmg]?")
_MOST_BYTES = 2**50
_MEMLOCK = re.compile(rf"unlimited|{_SIZE.pattern}")
_CPUS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
_CODE = "an absolute path without quotes, commas and colons"
_GPU = re.compile(r"[0-9]{1,2}|(GPU|MIG)-[0-9A-Za-z-]+")
_KEY = re.compile(r"(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\x00-\x1f\x7f]*)?")
"""A line of ``authorized_keys`` without options (sshd(8))."""


def workspace_settings(
    data: Data, image: str, tag: str, read: Callable[[str], str] | None = None
) -> WorkspaceSettings:
    """All that a host's data say of workspaces.

    Args:
        data: The host's data.
        image: The image's name where nothing is said.
        tag: Its tag where nothing is said.
        read: Reads a public key file of the controller; may raise `OSError`.

    Raises:
        ValueError: A value is not as expected, or two workspaces want the same.
    """
    given = Reader(data).given
    shared = {key: given(f"workspace_{key}") for key in KEYS}
    shared = {key: value for key, value in shared.items() if value not in (None, "")}
    parts = _listed(Reader(data), shared)
    if "user" in shared:
        if parts:
            raise ValueError(
                '"workspace_user" and "workspaces" are both said; put that user into the list'
            )
        parts.append(Reader(shared, "workspace_"))
    nccl = nccl_data.nccl_settings(data)
    found = tuple(
        replace(_one(part, image, tag, read or _read), nccl=tuple(nccl.values.items()))
        for part in parts
    )
    _apart(found)
    absent = _absent(Reader(data), {w.user for w in found})
    warnings = (*_warnings(found), *nccl.warnings)
    return WorkspaceSettings(found, absent, host_data.rollback(data), warnings)


def _listed(reader: Reader, shared: Mapping[str, Any]) -> list[Reader]:
    """The items of ``workspaces``, each over what is said for all."""
    listed = reader.said("workspaces") or ()
    if not isinstance(listed, list | tuple):
        raise reader.wrong("workspaces", listed, "a list such as [{'user': 'alice', 'port': 8888}]")
    parts = []
    for number, item in enumerate(listed):
        name = f"workspaces[{number}]"
        if not isinstance(item, Mapping):
            raise reader.wrong(name, item, "a mapping such as {'user': 'alice'}")
        for key in item:
            if key not in KEYS:
                close = nearest(str(key), KEYS)
                meant = f"; did you mean {' or '.join(close)}?" if close else ""
                said = quoted(f"{name}.{key}")
                raise ValueError(f"{said} is not known{meant} Known: {', '.join(KEYS)}.")
        parts.append(Reader({**shared, **item}, f"{name}."))
    return parts


def _one(part: Reader, image: str, tag: str, read: Callable[[str], str]) -> Workspace:
    user = part.match("user", NAME, "a user's name such as alice")
    if not user:
        raise ValueError(
            f'"{part.prefix}user" is missing: a workspace belongs to a user of the host'
        )
    default = Workspace(user, image, tag)
    memory = _size(part, "memory", "a size such as 64g")
    fitting = min((s for s in (default.shm, memory) if s), key=size_bytes)
    return Workspace(
        user=user,
        image=part.match("image", _IMAGE, "an image's name such as pytorch-cuda", image),
        tag=part.match("tag", _TAG, "an image's tag such as v2.9", tag, numbers=True),
        port=_port(part, "port", default.port),
        address=_address(part, default.address),
        code=_code(part),
        gpus=_gpus(part),
        shm=_size(part, "shm", "a size such as 8g", fitting),
        memlock=_size(part, "memlock", "unlimited, or a size", default.memlock, _MEMLOCK),
        memory=memory,
        cpus=part.match("cpus", _CPUS, "a number such as 8 or 3.5", numbers=True),
        ssh_keys=_ssh_keys(part, read),
        ssh_port=_port(part, "ssh_port", default.ssh_port),
        tensorboard_port=_port(part, "tensorboard_port", None),
    )


def _size(
    part: Reader, key: str, expected: str, default: str = "", form: re.Pattern[str] = _SIZE
) -> str:
    size = part.match(key, form, expected, default, numbers=True)
    if size != "unlimited" and size_bytes(size) > _MOST_BYTES:
        raise part.wrong(key, size, f"{expected}, a petabyte at most")
    return size


def _port(part: Reader, key: str, default: Number) -> int | Number:
    return part.count(key, default, least=1024, most=65535)


def _address(part: Reader, default: str) -> str:
    value = part.said("address")
    try:
        return str(ipaddress.ip_address(default if value is None else str(value)))
    except ValueError:
        raise part.wrong("address", value, "an address of the host such as 127.0.0.1") from None


def _code(part: Reader) -> str:
    code = part.path("code", _CODE)
    if code == "/":
        raise part.wrong("code", code, "a folder of code, not the whole host")
    if re.search(r"[\",:]", code):
        raise part.wrong("code", code, _CODE)
    return code.rstrip("/")


def _gpus(part: Reader) -> GpuChoice:
    """``all``; ``none``; a count; a list of ids; or ids with commas (``0,1``; one: ``0,``)."""
    value = part.given("gpus", "all")
    if isinstance(value, list | tuple) or (isinstance(value, str) and "," in value):
        words = value.split(",") if isinstance(value, str) else value
        ids = tuple(str(word).strip() for word in words if str(word).strip())
    elif isinstance(value, str) and value.startswith(("GPU-", "MIG-")):
        ids = (value,)
    elif value == "all":
        return GpuChoice("all")
    elif value == "none":
        return GpuChoice("count", 0)
    elif not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,2}", str(value)):
        return GpuChoice("count", int(str(value)))
    else:
        ids = ()
    if not ids or not all(_GPU.fullmatch(i) for i in ids) or len(set(ids)) < len(ids):
        raise part.wrong(
            "gpus", value, "all, none, a count (2), or different ids ([0, 1], 0,1, GPU-…)"
        )
    return GpuChoice("ids", 0, ids)


def _ssh_keys(part: Reader, read: Callable[[str], str]) -> tuple[str, ...]:
    found: list[str] = []
    value = part.said("ssh_key")
    for item in value if isinstance(value, list | tuple) else [value]:
        if item is None or item == "":
            continue
        text = str(item).strip()
        if not _KEY.fullmatch(text) and not _private(text):
            try:
                text = read(text).strip()
            except (OSError, UnicodeDecodeError, RuntimeError) as error:
                expected = f"a public key such as ssh-ed25519 AAAA…, or its file here ({error})"
                raise part.wrong("ssh_key", item, expected) from None
        if _private(text):  # its text is not shown
            raise ValueError(
                f'"{part.prefix}ssh_key" holds a PRIVATE key. Name the public one, which ends with '
                ".pub"
            )
        for line in text.splitlines():
            key = line.strip()
            if key and not key.startswith("#"):
                if not _KEY.fullmatch(key):
                    raise part.wrong("ssh_key", key[:40], "a public key such as ssh-ed25519 AAAA…")
                found.append(key)
    return tuple(dict.fromkeys(found))


def _private(text: str) -> bool:
    return "PRIVATE KEY" in text


def _read(path: str) -> str:
    return Path(path).expanduser().read_text()


def _absent(reader: Reader, present: set[str]) -> tuple[str, ...]:
    users = reader.matches("workspaces_absent", NAME, "users such as ['bob'], or bob,carol")
    if both := present & set(users):
        raise ValueError(f'the workspace of {min(both)} is asked for and in "workspaces_absent"')
    return users


def _apart(found: tuple[Workspace, ...]) -> None:
    """One workspace per user, one program per port."""
    users: set[str] = set()
    ports: dict[int, str] = {}
    for workspace in found:
        if workspace.user in users:
            raise ValueError(f"two workspaces are asked for {workspace.user}; one per user")
        users.add(workspace.user)
        for what, port in workspace.ports.items():
            name = f"{what} of {workspace.user}"
            if port in ports:
                raise ValueError(f"port {port} is asked for twice: {ports[port]}, {name}")
            ports[port] = name


def _warnings(found: tuple[Workspace, ...]) -> tuple[str, ...]:
    said = []
    for workspace in found:
        if not ipaddress.ip_address(workspace.address).is_loopback:
            said.append(
                f"WORKSPACE-OPEN: {workspace.user}: the ports are bound to {workspace.address}, "
                "over plain HTTP: whoever is on the way reads the token. Prefer 127.0.0.1 and a "
                "tunnel."
            )
    return tuple(said)

"""Host data about workspaces, checked before any host is touched. Pure but for public key files.

Either a list ``workspaces`` of mappings (``{"user": "alice", "port": 8889}``), or one workspace by
``workspace_user``, ``workspace_port`` …. Beside a list, ``workspace_…`` is the default for each.
Every function raises `ValueError` with the key, the value and what was expected.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from stacks.catalog.decode import nearest
from tasks.hostdata import host as host_data
from tasks.hostdata.reading import Data
from tasks.hostdata.workspace_values import GpuWish, Wishes, Workspace, size_bytes

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
_MEMLOCK = re.compile(rf"unlimited|{_SIZE.pattern}")
_CPUS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")
_GPU = re.compile(r"[0-9]{1,2}|(GPU|MIG)-[0-9A-Za-z-]+")
_KEY = re.compile(r"(ssh-|ecdsa-|sk-)[a-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\n]*)?")
"""A line of ``authorized_keys`` without options (sshd(8))."""


def wishes(data: Data, image: str, tag: str, read: Callable[[str], str] | None = None) -> Wishes:
    """All that a host's data say of workspaces.

    Args:
        data: The host's data.
        image: The image's name where nothing is said.
        tag: Its tag where nothing is said.
        read: Reads a public key file of the controller; may raise `OSError`.

    Raises:
        ValueError: A value is not as expected, or two workspaces want the same.
    """
    shared = {key: data.get(f"workspace_{key}") for key in KEYS}
    shared = {key: value for key, value in shared.items() if value not in (None, "")}
    listed = data.get("workspaces") or ()
    if isinstance(listed, str | Mapping) or not isinstance(listed, list | tuple):
        raise _wrong("workspaces", listed, "a list such as [{'user': 'alice', 'port': 8888}]")
    items: list[tuple[str, Mapping[str, Any]]] = []
    for number, item in enumerate(listed):
        if not isinstance(item, Mapping):
            raise _wrong(f"workspaces[{number}]", item, "a mapping such as {'user': 'alice'}")
        items.append((f"workspaces[{number}].", {**shared, **item}))
    if "user" in shared:
        if items:
            raise ValueError(
                "«workspace_user» and «workspaces» are both said; put that user into the list"
            )
        items.append(("workspace_", shared))
    found = tuple(_one(where, item, image, tag, read or _read) for where, item in items)
    absent = _absent(data, {w.user for w in found})
    _apart(found)
    return Wishes(found, absent, host_data.rollback(data), _warnings(found))


def _one(
    where: str, item: Mapping[str, Any], image: str, tag: str, read: Callable[[str], str]
) -> Workspace:
    for key in item:
        if key not in KEYS:
            close = nearest(str(key), KEYS)
            meant = f"; did you mean {' or '.join(close)}?" if close else ""
            raise ValueError(f"«{where}{key}» is not known{meant} Known: {', '.join(KEYS)}.")
    if "user" not in item:
        raise ValueError(f"«{where}user» is missing: a workspace belongs to a user of the host")
    default = Workspace(str(item["user"]), image, tag)
    keys = _ssh_keys(where, item.get("ssh_key"), read)
    code = str(item.get("code", ""))
    if code and (not code.startswith("/") or re.search(r"[\n\",:]", code)):
        raise _wrong(f"{where}code", code, "an absolute path without quotes, commas and colons")
    memory = _match(where, "memory", item, _SIZE, "a size such as 64g")
    fitting = min((s for s in (default.shm, memory) if s), key=size_bytes)
    return Workspace(
        user=_match(where, "user", item, NAME, "a user's name such as alice"),
        image=_match(where, "image", item, _IMAGE, "an image's name such as pytorch-cuda", image),
        tag=_match(where, "tag", item, _TAG, "an image's tag such as v2.9", tag),
        port=_port(where, "port", item, default.port),
        address=_address(where, item.get("address", default.address)),
        code=code.rstrip("/") if code != "/" else _refuse_root(where),
        gpus=_gpus(where, item.get("gpus", "all")),
        shm=_match(where, "shm", item, _SIZE, "a size such as 8g", fitting),
        memlock=_match(where, "memlock", item, _MEMLOCK, "unlimited, or a size", default.memlock),
        memory=memory,
        cpus=_match(where, "cpus", item, _CPUS, "a number such as 8 or 3.5", ""),
        ssh_keys=keys,
        ssh_port=_port(where, "ssh_port", item, default.ssh_port),
        tensorboard_port=_port(where, "tensorboard_port", item, 0) or None,
    )


def _match(
    where: str,
    key: str,
    item: Mapping[str, Any],
    pattern: re.Pattern[str],
    expected: str,
    default: str = "",
) -> str:
    value = item.get(key)
    if value is None or value == "":
        return default
    text = str(value)
    if isinstance(value, bool) or not pattern.fullmatch(text):
        raise _wrong(f"{where}{key}", value, expected)
    return text


def _port(where: str, key: str, item: Mapping[str, Any], default: int) -> int:
    value = item.get(key)
    if value is None or value == "":
        return default
    number = int(str(value)) if re.fullmatch(r"[0-9]{1,5}", str(value)) else 0
    if isinstance(value, bool) or not 1024 <= number <= 65535:
        raise _wrong(f"{where}{key}", value, "a port from 1024 to 65535")
    return number


def _address(where: str, value: object) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise _wrong(f"{where}address", value, "an address of the host such as 127.0.0.1") from None


def _refuse_root(where: str) -> str:
    raise _wrong(f"{where}code", "/", "a folder of code, not the whole host")


def _gpus(where: str, value: object) -> GpuWish:
    """``all``; ``none``; a count; a list of ids; or ids with commas (``0,1``; one: ``0,``)."""
    if isinstance(value, list | tuple) or (isinstance(value, str) and "," in value):
        words = value.split(",") if isinstance(value, str) else value
        ids = tuple(str(word).strip() for word in words if str(word).strip())
    elif isinstance(value, str) and value.startswith(("GPU-", "MIG-")):
        ids = (value,)
    elif value == "all":
        return GpuWish("all")
    elif value == "none":
        return GpuWish("count", 0)
    elif not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,2}", str(value)):
        return GpuWish("count", int(str(value)))
    else:
        ids = ()
    if not ids or not all(_GPU.fullmatch(i) for i in ids) or len(set(ids)) < len(ids):
        raise _wrong(
            f"{where}gpus", value, "all, none, a count (2), or different ids ([0, 1], 0,1, GPU-…)"
        )
    return GpuWish("ids", 0, ids)


def _ssh_keys(where: str, value: object, read: Callable[[str], str]) -> tuple[str, ...]:
    found: list[str] = []
    for item in value if isinstance(value, list | tuple) else [value]:
        if item is None or item == "":
            continue
        text = str(item).strip()
        if not _KEY.fullmatch(text) and not _private(text):
            try:
                text = read(text).strip()
            except (OSError, UnicodeDecodeError) as error:
                raise _wrong(
                    f"{where}ssh_key",
                    item,
                    f"a public key such as ssh-ed25519 AAAA…, or its file here ({error})",
                ) from None
        if _private(text):  # its text is not shown
            raise ValueError(
                f"«{where}ssh_key» holds a PRIVATE key. Name the public one, which ends with .pub"
            )
        for line in text.splitlines():
            key = line.strip()
            if key and not key.startswith("#"):
                if not _KEY.fullmatch(key):
                    raise _wrong(
                        f"{where}ssh_key", key[:40], "a public key such as ssh-ed25519 AAAA…"
                    )
                found.append(key)
    return tuple(dict.fromkeys(found))


def _private(text: str) -> bool:
    return "PRIVATE KEY" in text


def _read(path: str) -> str:
    return Path(path).expanduser().read_text()


def _absent(data: Data, present: set[str]) -> tuple[str, ...]:
    value = data.get("workspaces_absent") or ()
    users = tuple(value) if isinstance(value, list | tuple) else tuple(str(value).split(","))
    for user in users:
        if not isinstance(user, str) or not NAME.fullmatch(user):
            raise _wrong("workspaces_absent", value, "users such as ['bob'], or bob,carol")
        if user in present:
            raise ValueError(f"the workspace of {user} is asked for and in «workspaces_absent»")
    return tuple(dict.fromkeys(users))


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


def _wrong(key: str, value: object, expected: str) -> ValueError:
    return ValueError(f"«{key}» is {value!r}, expected {expected}.")

"""Host data that travel in user data: checked as the deploys check them, secrets named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from stacks.model import address
from stacks.model.plain import quoted
from tasks.host import resolution
from tasks.hostdata import host as host_data
from tasks.hostdata import table
from tasks.hostdata.everything import everything
from tasks.hostdata.names import misspelt

DEPLOYS = ("gpu_host", "container_host", "jetson_host")
HERE = ("bundle", "image_tar", "workspace_ssh_key")
"""Host data that name files of the machine at which pyinfra runs: here, the host itself."""
_SECRET = re.compile(r"passw(or)?d|secret|token|credential|private|api_?key|(^|_)auth", re.I)


def checked(said: Mapping[str, Any]) -> dict[str, Any]:
    """The host data that deploys read, once each has been read as they do.

    pyinfra's own (``ssh_user``, ``_sudo``) have no place on the host itself, and a name that no
    deploy reads has none either; `left_out` names these.

    Raises:
        ValueError: A value is not as expected, or a name is misspelt.
        StackError: The stack cannot be read.
    """
    for name, meant in misspelt(map(str, said)).items():
        raise ValueError(f'{quoted(name)} is no host data; did you mean "{meant}"?')
    data = {str(name): value for name, value in said.items() if name in table.rows()}
    for key in HERE:
        if data.get(key):
            raise ValueError(f'"{key}" names a file of this machine, and the host has none of it')
    everything(data, resolution.catalog(), "pytorch-cuda", "latest")
    if "/" in host_data.stack(data):
        raise ValueError(
            '"stack" is the path of a file: put it into stacks/ of this checkout before the archive'
            " is made, and name it by its name"
        )
    resolution.stack_of(data)
    return data


def left_out(said: Mapping[str, Any]) -> list[str]:
    """Names that are not carried because no deploy reads them; pyinfra's own are not among them."""
    return sorted(
        str(name)
        for name in said
        if name not in table.rows() and not str(name).startswith(("ssh_", "_"))
    )


def secrets(data: Mapping[str, Any], addresses: Mapping[str, str]) -> list[str]:
    """What looks like a secret, by the name of its place; no value is told.

    Whoever may ask the cloud's metadata service reads user data: each account of the host, each
    container without a network of its own (cloud-init documentation, "Instance metadata").

    Args:
        data: Host data.
        addresses: Further addresses that travel along, by what they are for. A webhook's address
            is a secret wherever it has a path: who knows it may post.
    """
    found = list(_in_values("", data))
    for name, value in addresses.items():
        parts = urlsplit(value)
        if address.login(value) or parts.query or (name == "webhook" and parts.path.strip("/")):
            found.append(name)
    return sorted(set(found))


def _in_values(place: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            below = f"{place}.{key}" if place else str(key)
            if inner and _SECRET.search(str(key)):
                yield below
            yield from _in_values(below, inner)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _in_values(f"{place}[{number}]", inner)
    elif isinstance(value, str) and address.masked(value) != value:
        yield place

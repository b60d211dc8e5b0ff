"""What `vagrant ssh-config` prints, read. Pure.

It prints, in the words of ssh_config(5), a block per machine, from its template
`templates/commands/ssh_config/config.erb`: values with a blank are in double quotes, a machine with
several keys has several `IdentityFile` lines with an empty line before each, and
`StrictHostKeyChecking` and `UserKnownHostsFile` are there unless the Vagrantfile sets
`config.ssh.verify_host_key`. Between them come what plugins and Ruby have to say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_KEYWORDS = {
    "hostname": r"[\w.:%-]{1,253}",
    "port": r"\d{1,5}",
    "user": r"[\w.@\\$-]{1,64}",
    "identityfile": r".{1,4096}",
    "userknownhostsfile": r".{1,4096}",
    "stricthostkeychecking": r"(?i:yes|no|ask|off|accept-new|true|false)",
    "identitiesonly": r"(?i:yes|no)",
    "proxycommand": r".{1,4096}",
}
"""Keywords that count, in small letters, and what their value looks like. A line that says anything
else is not Vagrant's, or nothing that pyinfra can follow."""
_LINE = re.compile(r"\s*(\w+)(?:\s+|\s*=\s*)(.*?)\s*")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CHECKING = {"true": "yes", "false": "no", "off": "no"}


@dataclass(frozen=True)
class Access:
    """How ssh reaches one machine."""

    name: str
    """As the Vagrantfile calls it."""
    hostname: str
    port: int = 22
    user: str | None = None
    """None where Vagrant names none: ssh takes the caller's own."""
    keys: tuple[str, ...] = ()
    """Paths of private keys, without quotes, in Vagrant's order."""
    only_keys: bool = False
    """No key of an agent or of the caller's home is to be offered."""
    checking: str | None = None
    """``yes``, ``no``, ``ask`` or ``accept-new``: what becomes of an unknown host key."""
    known_hosts: str | None = None
    """File of known host keys."""
    proxy: str | None = None
    """A command that ssh would connect through."""


def parse(lines: Iterable[str], machines: Collection[str]) -> dict[str, Access]:
    """How to reach each machine whose address and port can be read, by name.

    As in ssh_config(5) the first value of a keyword counts; keys add up. What fits no keyword is
    passed over: it is somebody's warning.

    Args:
        lines: The output.
        machines: Names of the Vagrantfile: no other word after `Host` begins a block.
    """
    blocks: dict[str, dict[str, list[str]]] = {}
    block: dict[str, list[str]] = {}
    for raw in lines:
        found = _LINE.fullmatch(_ESCAPES.sub("", raw).rstrip("\r\n"))
        if not found:
            continue
        keyword, value = found[1].lower(), unquoted(found[2])
        if keyword == "host" and value in machines:
            # A second block of the same name says nothing new.
            block = {} if value in blocks else blocks.setdefault(value, {})
        elif keyword in _KEYWORDS and re.fullmatch(_KEYWORDS[keyword], value):
            block.setdefault(keyword, []).append(value)
    return {name: access for name, of in blocks.items() if (access := _access(name, of))}


def unquoted(value: str) -> str:
    """A value without the quotes around it; a value with blanks and no quotes stays whole."""
    for quote in "\"'":
        if len(value) >= 2 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value


def _access(name: str, block: dict[str, list[str]]) -> Access | None:
    def first(keyword: str) -> str | None:
        return block.get(keyword, [None])[0]

    port = int(first("port") or 22)
    hostname = first("hostname")
    if hostname is None or not 0 < port < 65536:
        return None
    checking = first("stricthostkeychecking")
    proxy = first("proxycommand")
    return Access(
        name,
        hostname,
        port,
        first("user"),
        tuple(dict.fromkeys(block.get("identityfile", ()))),
        (first("identitiesonly") or "no").lower() == "yes",
        _CHECKING.get(checking.lower(), checking.lower()) if checking else None,
        first("userknownhostsfile"),
        None if proxy is None or proxy.lower() == "none" else proxy,
    )

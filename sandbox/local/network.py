"""One network namespace per host, joined to the machine by a link of its own.

Every namespace, link and firewall rule carries the checkout's mark in its name or comment.
"""

import contextlib
import ipaddress
import os
import re
import shlex
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.checkout import MARK, STATE, SandboxError, read_record, write_record
from sandbox.commands import run

MOST_HOSTS = 62
_RECORD = STATE / "network.json"


@dataclass(frozen=True)
class Address:
    """The addresses and names of host number `index` (1 to 62) of this checkout."""

    index: int
    gateway: str
    host: str

    @property
    def link(self) -> str:
        """The machine's end of the host's link (at most 15 characters)."""
        return f"{MARK}h{self.index}"


def address(index: int) -> Address:
    """Addresses of host `index`: a block of four out of the checkout's range."""
    base = int(_range().network_address) + 4 * index
    return Address(
        index, str(ipaddress.IPv4Address(base + 1)), str(ipaddress.IPv4Address(base + 2))
    )


def mirror_address() -> str:
    """The address, on the machine's loopback, at which all hosts reach the mirror."""
    return str(_range().network_address + 1)


def namespace(name: str) -> str:
    """The name of host `name`'s network namespace."""
    return f"{MARK}-{name}"


def connect(name: str, where: Address, offline: bool, rate_mbit: float | None) -> None:
    """Make the namespace and the link of host `name`, replacing what is left of an earlier one.

    An offline host has its link, for ssh, but no route and no leave to be forwarded. `rate_mbit`
    limits both directions, in Mbit/s.
    """
    disconnect(name, where)
    space = namespace(name)
    run("ip", "netns", "add", space)
    run("ip", "link", "add", where.link, "type", "veth", "peer", "name", "host0", "netns", space)
    run("ip", "address", "add", f"{where.gateway}/30", "dev", where.link)
    run("ip", "link", "set", where.link, "up")
    inside = ("ip", "-n", space)
    run(*inside, "link", "set", "lo", "up")
    run(*inside, "address", "add", f"{where.host}/30", "dev", "host0")
    run(*inside, "link", "set", "host0", "up")
    if rate_mbit:
        # A burst of a tenth of a second, at least two full segments (tc-tbf(8)).
        burst = max(int(rate_mbit * 1e6 / 8 / 10), 130_000)
        shape = ["root", "tbf", "rate", f"{rate_mbit}mbit", "burst", f"{burst}", "latency", "200ms"]
        run("tc", "qdisc", "add", "dev", where.link, *shape)
        run("tc", "-n", space, "qdisc", "add", "dev", "host0", *shape)
    if offline:
        # It may answer to ssh and no more, not even if it gives itself a route.
        fresh = ("-m", "conntrack", "--ctstate", "NEW")
        _rule(name, "INPUT", "-i", where.link, *fresh, "-j", "DROP")
        _rule(name, "FORWARD", "-i", where.link, "-j", "DROP")
        return
    run(*inside, "route", "add", "default", "via", where.gateway)
    _rule(name, "INPUT", "-i", where.link, "-j", "ACCEPT")
    _rule(name, "FORWARD", "-i", where.link, "-j", "ACCEPT")
    _rule(name, "FORWARD", "-o", where.link, "-j", "ACCEPT")
    _rule(name, "POSTROUTING", "-s", f"{where.host}/32", "-j", "MASQUERADE", table="nat")


def disconnect(name: str, where: Address) -> None:
    """Undo `connect`, whatever part of it was done."""
    if namespace(name) in namespaces():
        run("ip", "netns", "delete", namespace(name))
    # The link goes with its other end, but the kernel does that a moment later.
    if where.link in links():
        run("ip", "link", "delete", where.link, check=False)
    for rule in rules(name):
        run(*rule)


def kill_inhabitants(name: str) -> None:
    """Kill every process in host `name`'s network namespace."""
    if namespace(name) not in namespaces():
        return
    deadline = time.monotonic() + 20
    while pids := run("ip", "netns", "pids", namespace(name)).split():
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        if time.monotonic() > deadline:
            raise SandboxError(f"Processes of {name} do not end: {', '.join(pids)}.")
        time.sleep(0.01)


def namespaces() -> list[str]:
    """Every network namespace of this checkout."""
    folder = Path("/run/netns")
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(entry.name for entry in found if entry.name.startswith(f"{MARK}-"))


def links() -> list[str]:
    """Every network link of this checkout."""
    entries = Path("/sys/class/net").iterdir()
    return sorted(entry.name for entry in entries if re.fullmatch(rf"{MARK}h\d+", entry.name))


def rules(name: str | None = None) -> list[list[str]]:
    """The commands that delete each firewall rule of this checkout, or only those of one host."""
    wanted = re.compile(rf'--comment "?{MARK}:{name or "[a-z0-9-]+"}"?(?: |$)')
    found = []
    for table in ("filter", "nat"):
        for line in run("iptables", "-w", "-t", table, "-S").splitlines():
            if line.startswith("-A ") and wanted.search(line):
                words = shlex.split(line)
                found.append(["iptables", "-w", "-t", table, "-D", *words[1:]])
    return found


def mirror_address_on() -> None:
    """Put the mirror's address on the loopback interface, labelled with the mark."""
    if mirror_address() not in _loopback():
        where = f"{mirror_address()}/32"
        run("ip", "address", "add", where, "dev", "lo", "label", f"lo:{MARK}")


def mirror_address_off() -> None:
    """Take every address with this checkout's label off the loopback interface."""
    for found in _loopback():
        run("ip", "address", "delete", f"{found}/32", "dev", "lo", check=False)


def _loopback() -> list[str]:
    text = run("ip", "-o", "-4", "address", "show", "dev", "lo", "label", f"lo:{MARK}", check=False)
    return re.findall(r"inet (\S+)/32", text)


def _rule(name: str, chain: str, *words: str, table: str = "filter") -> None:
    comment = ("-m", "comment", "--comment", f"{MARK}:{name}")
    run("iptables", "-w", "-t", table, "-I", chain, *words[:2], *comment, *words[2:])


def _range() -> ipaddress.IPv4Network:
    """The checkout's /24, chosen once out of 10.0.0.0/8 where no route of the machine goes."""
    if recorded := read_record(_RECORD):
        return ipaddress.IPv4Network(recorded["range"])
    routes = _routes()
    seed = int(MARK[2:], 16)
    for step in range(256):
        number = (seed + step * 257) % 65536
        candidate = ipaddress.IPv4Network((10 << 24 | number << 8, 24))
        if not any(candidate.overlaps(route) for route in routes):
            write_record(_RECORD, {"range": str(candidate)})
            return candidate
    raise SandboxError(
        "No free block of addresses in 10.0.0.0/8: 256 were tried and this machine has routes "
        "into each of them (`ip route show table all`)."
    )


def _routes() -> list[ipaddress.IPv4Network]:
    found = []
    for line in run("ip", "-4", "route", "show", "table", "all").splitlines():
        words = line.split()
        place = words[1] if words[0] in ("local", "broadcast", "blackhole") else words[0]
        with contextlib.suppress(ValueError):
            found.append(ipaddress.IPv4Network(place, strict=False))
    for line in Path("/etc/resolv.conf").read_text().splitlines():
        # The resolver may answer at a private address behind the default route.
        with contextlib.suppress(ValueError, IndexError):
            found.append(ipaddress.IPv4Network(line.split()[1]))
    return found

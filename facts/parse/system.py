"""Login, distribution, machine, cloud-init."""

from __future__ import annotations

import re

from facts.model.system import Login, System
from facts.parse import jsontext
from facts.parse.sections import ProbeError, Section, integer


def login(section: Section) -> Login:
    """Who logged in, and whether the probe ran as root."""
    uid = integer(section.first("uid"))
    effective = integer(section.first("effective"))
    if uid is None or effective is None:
        raise ProbeError("`id -u` gave no number on the host")
    lines = [line.strip() for line in section.part("sudo_error") if line.strip()]
    # What sudo says of itself comes last: before it there may be a lecture, or a host's name that
    # it cannot resolve.
    words = next((line for line in reversed(lines) if line.startswith("sudo")), " ".join(lines))
    return Login(
        user=section.first("user") or str(uid),
        uid=uid,
        root=effective == 0,
        sudo_error=words or None,
    )


_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"')
_SINGLE = re.compile(r"'([^']*)'")


def _unquoted(value: str) -> str:
    """A value as the shell reads it: os-release(5) has quotes, and the backslash inside of them."""
    if double := _DOUBLE.match(value):
        return re.sub(r"\\([\\\"$`])", r"\1", double[1])
    single = _SINGLE.match(value)
    return single[1] if single else value


def os_release(lines: list[str]) -> dict[str, str]:
    """Variables of ``/etc/os-release`` (os-release(5): shell assignments without expansion)."""
    values = {}
    for line in lines:
        key, mark, value = line.strip().partition("=")
        if mark and not key.startswith("#"):
            values[key] = _unquoted(value)
    return values


def cloud_init(section: Section) -> str:
    """State of cloud-init from the files it leaves, without starting it.

    Its ``result.json`` appears when the last stage has ended
    (cloud-init documentation, "Reported status").
    """
    if not section.has("cloud_init"):
        return "absent"
    flags = section.part("cloud_init")
    if any(line.endswith(("cloud-init.disabled", "/run/cloud-init/disabled")) for line in flags):
        return "disabled"
    result = section.part("/run/cloud-init/result.json")
    if result:
        try:
            errors = jsontext.loads("\n".join(result))["v1"]["errors"]
        except (ValueError, KeyError, TypeError):
            return "error"
        return "error" if errors else "done"
    return "running" if section.has("/run/cloud-init/status.json") else "not-run"


def system(section: Section, unread: dict[str, str]) -> System:
    """Distribution and machine. Raises `ProbeError` where ``uname`` gave nothing."""
    words = (section.first("uname") or "").split()
    if len(words) != 3:
        raise ProbeError(f"`uname -nrm` gave {' '.join(words)!r} on the host")
    release = os_release(section.part("/etc/os-release"))
    ident, version = release.get("ID", ""), release.get("VERSION_ID", "")
    if not ident:
        unread["system.os"] = "/etc/os-release has no ID"
    memory = (section.first("memory") or "").split()
    virtual = section.first("virtual_machine")
    container = section.first("container")
    glibc = (section.first("glibc") or "").removeprefix("glibc ").strip()
    kib = integer(memory[1]) if len(memory) > 1 else None
    return System(
        os="-".join(filter(None, (ident or "unknown", version))),
        codename=release.get("VERSION_CODENAME"),
        pretty=release.get("PRETTY_NAME") or ident or "unknown",
        arch=words[2],
        glibc=glibc or None,
        hostname=words[0],
        boot_id=section.first("boot_id"),
        cpus=integer(section.first("cpus")),
        memory_mb=kib // 1024 if kib is not None else None,
        container="" if container == "none" else container,
        virtual_machine="" if virtual == "none" else virtual,
        systemd=section.first("systemd") == "yes",
        cloud_init=cloud_init(section),
        cmdline=section.first("cmdline"),
        clock_s=integer(section.first("clock")),
        resolver=section.first("resolver"),
        known_names=tuple(line.strip() for line in section.part("names") if line.strip()),
        machine=section.first("machine"),
        pid_namespace=section.first("pid_namespace"),
        like=tuple(release.get("ID_LIKE", "").split()),
        base_codename=release.get("UBUNTU_CODENAME") or release.get("DEBIAN_CODENAME"),
    )

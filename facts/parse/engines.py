"""Words about container engines → `facts.engine_model`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from facts.engine_model import CdiDevice, CdiSpec, Docker, Engine, Engines, Node, Running, User
from facts.parse import jsontext
from facts.parse.sections import Section, fields, integer, number, split

_CONTAINERD = "/etc/containerd/config.toml"


def engines(output: Iterable[str]) -> Engines:
    """Everything that ``facts/engines.sh`` told.

    Raises `ProbeError` where the output is cut off or is not that script's.
    """
    text = split(output)
    daemon, settings = text["docker_daemon"], text["engine_settings"]
    files = {path: "\n".join(lines) for path, lines in settings.files()}
    unread = dict(text.unread)
    docker = _docker(daemon)
    if docker is None and daemon.has("info"):
        unread.setdefault("docker_daemon", "docker info gave no answer that can be read")
    return Engines(
        engine=engine(text["containers"], text["cdi"]),
        nodes=tuple(node(line) for line in text["nodes"].part("nodes")),
        docker=docker,
        docker_group=tuple(filter(None, (daemon.first("group") or "").split(","))),
        users={user.name: user for user in map(_user, settings.part("users"))},
        containerd=files.pop(_CONTAINERD, None),
        podman_images=_images(settings.part("podman_images")),
        files=files,
        sums=dict(_sum(line) for line in settings.part("sums")),
        unread=unread,
    )


def engine(section: Section, cdi: Section) -> Engine:
    """Docker's and podman's programs, Docker's settings, and the CDI specs."""
    docker = section.first("docker")
    files = {path: "\n".join(lines) for path, lines in section.files()}
    live = files.pop("/etc/docker/daemon.json", None)
    return Engine(
        docker=docker,
        snap=any("/snap" in line for line in section.part("docker")),
        podman=section.has("podman"),
        daemon_json=live,
        backups=files,
        no_cgroups=section.first("no_cgroups"),
        cdi=tuple(_spec(file, lines) for file, lines in cdi.files()),
    )


def node(line: str) -> Node:
    """``path|major|minor|linked``. Raises `ProbeError` for another shape."""
    path, major, minor, linked = fields(line, 4)
    return Node(path, number(major), number(minor), bool(linked))


def _spec(file: str, lines: list[str]) -> CdiSpec:
    """``path`` and the ``major`` behind it are a device node; other paths are mounts or hooks."""
    devices: list[CdiDevice] = []
    missing, libraries = [], []
    written = None
    for line in lines:
        key, value = fields(line, 2)
        if key == "path" and value.startswith("/dev/"):
            devices.append(CdiDevice(value, None))
        elif key == "major" and devices:
            devices[-1] = CdiDevice(devices[-1].path, integer(value))
        elif key == "hostPath":
            missing.append(value)
        elif key == "library":
            libraries.append(value)
        elif key == "cdiVersion":
            written = value.strip("'")
    gone, here = (tuple(dict.fromkeys(found)) for found in (missing, libraries))
    return CdiSpec(file, tuple(dict.fromkeys(devices)), gone, here, written)


def _docker(section: Section) -> Docker | None:
    try:
        info = jsontext.loads("\n".join(section.part("info")))
    except ValueError:
        return None
    if not isinstance(info, dict) or not info.get("ServerVersion"):
        return None  # a client without a daemon answers with its own half
    runtimes, security = info.get("Runtimes"), info.get("SecurityOptions")
    return Docker(
        version=str(info["ServerVersion"]),
        root=str(info.get("DockerRootDir") or ""),
        storage=str(info.get("Driver") or ""),
        cgroup_driver=str(info.get("CgroupDriver") or ""),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        runtimes=tuple(sorted(runtimes)) if isinstance(runtimes, dict) else (),
        rootless=isinstance(security, list) and any("rootless" in str(o) for o in security),
        started=integer(section.first("started")) or 0,
        images=_images(section.part("images")),
        running=tuple(_running(line) for line in section.part("running")),
    )


def _images(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(line for line in lines if "<none>" not in line)


def _running(line: str) -> Running:
    name, image, runtime, requests = fields(line, 4)
    try:
        asked: Any = jsontext.loads(requests)
    except ValueError:
        asked = None
    return Running(name.lstrip("/"), image, runtime == "nvidia" or bool(asked))


def _user(line: str) -> User:
    name, uid, home, linger, socket, subordinate, gid = fields(line, 7)
    lingers, has_docker = bool(linger), bool(socket)
    return User(name, number(uid), home, lingers, has_docker, bool(subordinate), number(gid))


def _sum(line: str) -> tuple[str, str]:
    """One line of sha256sum(1): path and digest."""
    digest, _, path = line.partition("  ")
    return path, digest

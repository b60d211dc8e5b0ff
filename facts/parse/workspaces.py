"""The output of ``facts/workspaces.sh`` → `facts.workspace_model.WorkspaceState`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from facts.parse import jsontext
from facts.parse.sections import ProbeError, Section, fields, integer, number, split
from facts.workspace_model import (
    Answer,
    Folder,
    Listener,
    Person,
    SeenContainer,
    SeenGpu,
    SeenWorkspace,
    Token,
    WorkspaceState,
)

_GPU = re.compile(r"^GPU (\d+): (.*) \(UUID: (\S+?)\)")
_MIG = re.compile(r"^\s+MIG (\S+) .*\(UUID: (\S+?)\)")
_PUBLISHED = re.compile(r":(\d{1,5})(?:-(\d{1,5}))?->")
_LAST_PORT = 65535
_MOST_PUBLISHED = 8 * _LAST_PORT
"""Each port may be published for several addresses of the host."""
_USERS = re.compile(r'\("([^"]*)",pid=(\d+)')


def workspace_state(output: Iterable[str]) -> WorkspaceState:
    """Everything that the script told.

    Raises `ProbeError` where the output is cut off or is not that script's.
    """
    text = split(output)
    docker, gpus = text["docker"], text["gpus"]
    people, folders = _users(text["users"])
    containers = {c.name: c for c in map(_container, docker.part("containers"))}
    images = [fields(line, 2) for line in docker.part("images")]
    return WorkspaceState(
        docker=docker.first("version"),
        docker_why=docker.first("why") or "",
        people=people,
        folders=folders,
        listeners=tuple(_listener(line) for line in text["ports"].part("listeners")),
        published=_published(docker.part("published")),
        images={name: image for image, name in images if "<none>" not in name},
        image_ids=tuple(dict.fromkeys(image for image, _ in images)),
        containers=containers,
        foreign=tuple(n for n in docker.part("names") if n not in containers),
        workspaces={user: _workspace(user, lines) for user, lines in text["workspaces"].parts},
        gpus=_gpus(gpus.part("list")) if gpus.has("list") else None,
        kept=_kept(docker.first("limits")),
        most_locked=integer(docker.first("most_locked")),
        gpus_why=" ".join(" ".join(gpus.part("why")).split()),
    )


def answers(output: Iterable[str]) -> dict[str, Answer]:
    """What ``facts/workspace_answers.sh`` told, by user; `ProbeError` where it is cut off."""
    return {user: _answer(user, lines) for user, lines in split(output)["answers"].parts}


def _answer(user: str, lines: list[str]) -> Answer:
    pairs = [fields(line, 2) for line in lines]
    said = {key: value for key, value in pairs if key != "log"}
    return Answer(
        user=user,
        lab=integer(said.get("lab")),
        without_token=integer(said.get("without")),
        with_token=integer(said.get("with")),
        tensorboard=integer(said.get("tensorboard")),
        ssh=said.get("ssh"),
        gpus=integer(said.get("gpus")),
        gpus_why=said.get("why", ""),
        status=said.get("state", ""),
        log=tuple(value for key, value in pairs if key == "log"),
    )


def _users(section: Section) -> tuple[dict[str, Person], dict[str, Folder]]:
    people, folders = {}, {}
    for line in section.lines:
        kind, rest = fields(line, 2)
        if kind == "user":
            name, uid, gid, groups, home = fields(rest, 5)
            listed = tuple(number(g) for g in groups.split(",") if g)
            people[name] = Person(name, number(uid), number(gid), listed, home)
        else:
            name, answer, path = fields(rest, 3)
            readable = None if answer == "absent" else answer == "yes"
            folders[name] = Folder(name, path, answer != "absent", readable)
    return people, folders


def _kept(text: str | None) -> tuple[str, ...]:
    """``true|false``: memory, CPUs. Where Docker says nothing, nothing is held against it."""
    words = fields(text, 2) if text else ["", ""]
    pairs = zip(("memory", "cpus"), words, strict=True)
    return tuple(name for name, word in pairs if word != "false")


def _listener(line: str) -> Listener:
    """A line of ``ss -Hltnp``: state, two queues, local address, peer, and who."""
    words = line.split()
    address, _, port = (words[3] if len(words) > 3 else "").rpartition(":")
    who = ", ".join(dict.fromkeys(f"{name}, PID {pid}" for name, pid in _USERS.findall(line)))
    return Listener(integer(port) or 0, address, who)


def _published(lines: list[str]) -> dict[int, str]:
    """Port to the container that has it; a line may tell ranges of ports."""
    found: dict[int, str] = {}
    left = _MOST_PUBLISHED
    for line in lines:
        name, ports = fields(line, 2)
        for first, last in _PUBLISHED.findall(ports):
            told = range(int(first), min(int(last or first), _LAST_PORT) + 1)
            left -= len(told)
            if left < 0:
                raise ProbeError(f"its containers publish more than {_MOST_PUBLISHED:,} ports")
            found.update(dict.fromkeys(told, name))
    return found


def _container(line: str) -> SeenContainer:
    name, user, values, gpus, image, status, health, restarts = fields(line, 8)
    given = "" if gpus == "<no value>" else gpus
    return SeenContainer(
        name.lstrip("/"), user, values, given, image, status, health, integer(restarts) or 0
    )


def _workspace(user: str, lines: list[str]) -> SeenWorkspace:
    said = dict(fields(line, 2) for line in lines)
    active, enabled = fields(said.get("unit", "|"), 2)
    return SeenWorkspace(
        user=user,
        token=_token(said.get("token")),
        keys=said.get("keys"),
        home_owner=integer(said.get("home")),
        active=active,
        enabled=enabled,
        record=_record(said.get("record", "")),
    )


def _token(text: str | None) -> Token | None:
    words = (text or "").split()
    return Token(number(words[0]), words[1], number(words[2])) if len(words) == 3 else None


def _record(text: str) -> dict[str, Any]:
    """The record; an empty one where it is damaged: the host then has no former image to tell."""
    try:
        data = jsontext.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _gpus(lines: list[str]) -> tuple[SeenGpu, ...]:
    """GPUs and MIG slices; a GPU whose slices are listed is counted as well."""
    found = []
    for line in lines:
        if gpu := _GPU.match(line):
            found.append(SeenGpu(gpu[1], gpu[3], gpu[2]))
        elif mig := _MIG.match(line):
            found.append(SeenGpu("", mig[2], f"MIG {mig[1]}"))
    return tuple(found)

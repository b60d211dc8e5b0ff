"""What a removal goes by, from the lines of ``facts/removal.sh``. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from facts.parse import jsontext
from facts.parse.sections import Section, integer, split
from facts.removal_model import Before, Brought, Container, Installed, Noted, Traces

_SEVERAL = ("kernel", "gpg-pubkey")
"""Beginnings of names of which several versions may be there (rpm, ``installonlypkgs``)."""


def named(name: str, version: str) -> str:
    """The name of a package in notes; with its version where several may be there."""
    return f"{name} {version}" if name.startswith(_SEVERAL) else name


def traces(output: Iterable[str]) -> Traces:
    """The answer. Raises `ProbeError` where it is cut off."""
    text = split(output)
    before, now, files, engines = (text[name] for name in ("before", "now", "files", "engines"))
    units = text["units"]
    found = _installed(now)
    of_folders = (line.rpartition("|") for line in files.part("folders"))
    settings = dict(_pairs(files.part("settings"), "|"))
    return Traces(
        before=_before(before) if before.has("since") else None,
        brought=_brought(text["brought"], text["pending"], now, found),
        installed=tuple(found.values()),
        needed=_needed(now),
        manual=_set(now, "manual"),
        holds=_set(now, "holds"),
        users=_set(now, "users"),
        groups=_set(now, "groups"),
        docker_group=_set(now, "docker_group"),
        pinned=_set(now, "pinned"),
        locks=_lines(now, "locks"),
        files=_lines(files, "named"),
        aside=_lines(files, "aside"),
        folders={path: integer(size) or 0 for path, _, size in of_folders},
        environments=_lines(files, "environments"),
        entries=_lines(files, "entries"),
        loader=_lines(files, "loader"),
        textfiles=_lines(files, "textfile"),
        written={path: how == "ours" for how, path in _pairs(files.part("written"), "|")},
        made=_lines(files, "made"),
        daemon_json=settings.get("/etc/docker/daemon.json"),
        daemon_json_before=next((v for k, v in settings.items() if "/before/" in k), None),
        stream="\n".join(files.part("stream")),
        stream_before="\n".join(files.part("stream_before")),
        initramfs=_lines(files, "initramfs"),
        workspaces=_lines(engines, "workspaces"),
        homes=_lines(engines, "homes"),
        containers=tuple(_containers(engines)),
        images=_lines(engines, "images"),
        volumes=_lines(engines, "volumes"),
        running=_lines(units, "running"),
        image_names=_image_names(engines.first("image_record")),
    )


def _lines(section: Section, part: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line.strip() for line in section.part(part) if line.strip()))


def _set(section: Section, part: str) -> frozenset[str]:
    return frozenset(_lines(section, part))


def _pairs(lines: Iterable[str], mark: str) -> Iterable[tuple[str, str]]:
    for line in lines:
        key, found, value = line.partition(mark)
        if found:
            yield key, value


def _packages(lines: Iterable[str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Packages of a note, and those of which only settings were left."""
    found, settings = {}, []
    for words in (line.split() for line in lines):
        if len(words) == 3:
            settings.append(words[0])
        elif len(words) == 2:
            found[named(*words)] = words[1]
    return found, tuple(settings)


def _noted(section: Section) -> Noted:
    packages, settings = _packages(section.part("packages"))
    return Noted(
        packages=packages,
        settings=settings,
        manual=_set(section, "manual"),
        users=_set(section, "users"),
        groups=_set(section, "groups"),
    )


def _before(section: Section) -> Before:
    noted = _noted(section)
    return Before(
        packages=noted.packages,
        settings=noted.settings,
        manual=noted.manual,
        users=noted.users,
        groups=noted.groups,
        whole=section.first("since") == "first",
        holds=_set(section, "holds"),
        units=dict(_pairs(section.part("units"), " ")),
        folders=_set(section, "folders"),
    )


def _brought(
    section: Section, pending: Section, now: Section, found: Mapping[str, Installed]
) -> Brought:
    """What was brought; a transaction that was cut off is made up from how it began."""
    packages, _ = _packages(section.part("came"))
    keys = tuple(f"gpg-pubkey.(none) {key}-" for key in _set(now, "keys"))
    packages |= {name: one.version for name, one in found.items() if name.startswith(keys)}
    manual, users, groups = (set(_lines(section, k)) for k in ("manual", "users", "groups"))
    gone = list(_lines(section, "gone"))
    if pending.has("groups"):
        began = _noted(pending)
        packages |= {n: p.version for n, p in found.items() if n not in began.packages}
        gone += [f"{n} {v}" for n, v in began.packages.items() if n not in found]
        manual |= _set(now, "manual") - began.manual
        users |= _set(now, "users") - began.users
        groups |= _set(now, "groups") - began.groups
    return Brought(
        packages=packages,
        moved=_lines(section, "moved"),
        gone=tuple(dict.fromkeys(gone)),
        manual=frozenset(manual),
        users=frozenset(users),
        groups=frozenset(groups),
        docker_users=_set(section, "docker-users"),
        docker_keys=_set(section, "docker-keys"),
        paths=_lines(section, "paths"),
    )


def _installed(section: Section) -> dict[str, Installed]:
    found = {}
    for line in section.part("packages"):
        fields = line.split("\t", 5)
        if len(fields) != 6 or not fields[1]:
            continue
        status, name, version, essential, depends, provides = fields
        if status.strip().endswith("n"):
            continue  # dpkg has only heard of it
        one = Installed(
            named(name, version), version, status.strip(), essential == "yes", depends, provides
        )
        found[one.name] = one
    return found


def _needed(section: Section) -> dict[str, str]:
    """Rpm's ``name-version-release.arch`` as notes name it, and who needs it."""
    found: dict[str, str] = {}
    for label, who in _pairs(section.part("needed"), "|"):
        nevra, _, arch = label.rpartition(".")
        name, version, release = (nevra.rsplit("-", 2) + ["", ""])[:3]
        found.setdefault(named(f"{name}.{arch}", f"{version}-{release}"), who)
    return found


def _containers(section: Section) -> Iterable[Container]:
    for line in section.part("containers"):
        fields = line.split("|", 2)
        if len(fields) == 3:
            name, state, workspace = fields
            yield Container(name, state not in ("exited", "created", "dead"), workspace)


def _image_names(record: str | None) -> tuple[str, ...]:
    try:
        found = jsontext.loads(record or "")
    except ValueError:
        return ()
    if not isinstance(found, dict):
        return ()
    history = found.get("history")
    names = [found.get("name"), found.get("exact"), *(history if isinstance(history, list) else [])]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name))

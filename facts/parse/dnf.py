"""dnf and rpm: repositories, module streams, version locks, who is at work, what is half done."""

from __future__ import annotations

import configparser
import fnmatch
from collections import defaultdict
from collections.abc import Iterable, Mapping

from facts.model.packages import DnfRepository, LockHolder, Package
from facts.parse.sections import Section, fields, integer

LOCKS = "/etc/dnf/plugins/versionlock.list"
_PLUGIN = "/etc/dnf/plugins/versionlock.conf"
_ON = ("1", "yes", "true", "on")
# dnf.conf(5), ``installonlypkgs``: packages that stand beside their older versions.
_SIDE_BY_SIDE = ("kernel", "kernel-*", "gpg-pubkey", "kmod-nvidia-*-[0-9]*")


def _ini(lines: Iterable[str]) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string("\n".join(lines))
    # AttributeError: what older Pythons say to an indented line under a name without a value.
    except (configparser.Error, AttributeError):
        return configparser.RawConfigParser()
    return parser


def repositories(section: Section) -> tuple[DnfRepository, ...]:
    """All repositories of ``.repo`` files (dnf.conf(5), "Repo options"), file by file."""
    found = []
    brought = dict(line.split("|", 1) for line in section.part("brought") if "|" in line)
    for path, lines in section.files():
        if not path.endswith(".repo"):
            continue
        parser = _ini(lines)
        for name in parser.sections():
            row = parser[name]
            where = " ".join(row.get(k) or "" for k in ("baseurl", "mirrorlist", "metalink"))
            found.append(
                DnfRepository(
                    file=path,
                    name=name,
                    addresses=tuple(where.replace(",", " ").split()),
                    enabled=(row.get("enabled") or "1").strip().lower() in _ON,
                    brought_by=brought.get(path),
                )
            )
    return tuple(found)


def streams(section: Section) -> dict[str, str]:
    """Enabled module streams: module to stream (``/etc/dnf/modules.d``)."""
    found = {}
    for path, lines in section.files():
        if not path.endswith(".module"):
            continue
        parser = _ini(lines)
        for name in parser.sections():
            if parser[name].get("state") == "enabled" and parser[name].get("stream"):
                found[name] = str(parser[name]["stream"])
    return found


def holds(section: Section, listed: Mapping[str, Package]) -> tuple[str, ...]:
    """Installed packages that a version lock keeps as they are; none if the plugin is off.

    An entry is ``name-epoch:version-release.arch``, its last part often ``*``; one that begins
    with ``!`` shuts a version out (dnf-plugin-versionlock(8)).
    """
    plugin = _ini(section.part(_PLUGIN))
    if (
        section.has(_PLUGIN)
        and (plugin.get("main", "enabled", fallback="1") or "").lower() not in _ON
    ):
        return ()
    entries = [line.split("#")[0].strip() for line in section.part(LOCKS)]
    patterns = [entry for entry in entries if entry and not entry.startswith("!")]
    by_start: defaultdict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        by_start[pattern[:4]].append(pattern)
    return tuple(
        sorted(
            p.name
            for p in listed.values()
            if any(
                fnmatch.fnmatchcase(f"{p.name}-{full(p.version)}.x", pattern)
                for pattern in by_start[p.name[:4]]
            )
        )
    )


def full(version: str) -> str:
    """A version with its epoch: ``0:1.2-3``."""
    return version if ":" in version else f"0:{version}"


def at_work(section: Section) -> tuple[LockHolder, ...]:
    """Living processes that are in dnf's lock files."""
    found = []
    for line in section.part("pids"):
        pid, path, command = fields(line, 3)
        if (number := integer(pid)) is not None:
            found.append(LockHolder(path, number, command.strip()))
    return tuple(found)


def origins(section: Section) -> dict[tuple[str, str], str]:
    """(name, version-release) to where the package came from, as dnf's history tells.

    NVIDIA's own repository has no label that dnf keeps: its usual names and ours stand for it.
    """
    found = {}
    for line in section.part("from"):
        name, version, repository = fields(line, 3)
        nvidia = repository.startswith(("cuda-rhel", "gpuwright-nvidia", "nvidia-driver"))
        found[name, version] = "NVIDIA" if nvidia else repository
    return found


def half_done(section: Section) -> tuple[str, ...]:
    """``name iU`` for packages that are there twice: an update was cut off between its halves."""
    seen: defaultdict[tuple[str, str], int] = defaultdict(int)
    for line in section.part("rpm"):
        _, name, arch, _, _ = fields(line, 5)
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in _SIDE_BY_SIDE):
            seen[name, arch] += 1
    return tuple(f"{name} twice" for (name, _), count in seen.items() if count > 1)

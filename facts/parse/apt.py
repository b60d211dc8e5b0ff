"""apt and dpkg: sources, locks, holds, what is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.model.packages import AptSource, LockHolder, Package, PackageManager
from facts.parse import dnf, releases
from facts.parse.packages import half_configured
from facts.parse.sections import Section, integer

# A word goes on within brackets and quotes: ``cdrom:[Debian GNU/Linux 12]/`` is one.
_WORD = r"((?:\[[^\]]*\]|\"[^\"]*\"|[^\s\[\"])+)"
_ONE_LINE = re.compile(rf"^deb\s+(?:\[([^\]]*)\]\s*)?{_WORD}\s+{_WORD}\s*(.*)$")
_COMMENT = re.compile(r"(\[[^\]]*\])|#.*")
"""What it does not begin in: brackets."""
_PARTS = re.compile(r"/etc/apt/sources\.list\.d/(.*)", re.DOTALL)
_PART = re.compile(r"[A-Za-z0-9_:-][A-Za-z0-9_.:-]*")
"""Names in that folder that apt reads; it says nothing of others (apt, apt-pkg/contrib/fileutl.cc,
``GetListOfFilesInDir``)."""
_LOCK = re.compile(r"^\d+: POSIX\s+\S+\s+WRITE (-?\d+) [0-9a-f]+:[0-9a-f]+:(\d+) ")
_UPGRADES = re.compile(r'^APT::Periodic::Unattended-Upgrade "(.*)";')

OFF = ("no", "false", "without", "off", "disable", "0")
"""What apt takes for no (apt, apt-pkg/contrib/strutl.cc, ``StringToBool``)."""

INLINE_KEY = "key in the file itself"
"""Stands for a ``Signed-By`` that holds the whole key."""


def one_line(path: str, lines: list[str]) -> Iterator[AptSource]:
    """Sources of a ``.list`` file (sources.list(5), "One-line-style format")."""
    for number, line in enumerate(lines, 1):
        if match := _ONE_LINE.match(_COMMENT.sub(lambda m: m[1] or "", line).strip()):
            options = dict(o.split("=", 1) for o in (match[1] or "").split() if "=" in o)
            signed = options.pop("signed-by", None)
            yield AptSource(
                path,
                (match[2].strip('"'),),
                (match[3].strip('"'),),
                tuple(word.strip('"') for word in match[4].split()),
                signed,
                options,
                number,
            )


def stanzas(lines: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Stanzas of a deb822 file, each with the line where it begins.

    Field names are in lower case, continued lines joined by newlines. A line of blanks ends none.
    """
    stanza: dict[str, str] = {}
    began, last = 0, ""
    for number, line in enumerate([*lines, ""], 1):
        if line.startswith("#"):
            continue
        if not line:
            if stanza:
                yield began, stanza
            stanza, last = {}, ""
        elif line[0].isspace():
            if last:
                stanza[last] += "\n" + line.strip()
        else:
            key, mark, value = line.partition(":")
            last = key.strip().lower() if mark else ""
            if last:
                began = began if stanza else number
                stanza[last] = value.strip()


def deb822(path: str, lines: list[str]) -> Iterator[AptSource]:
    """Enabled sources of a ``.sources`` file (sources.list(5), "deb822-style format")."""
    known = {"types", "uris", "suites", "components", "signed-by", "enabled"}
    for line, stanza in stanzas(lines):
        if "deb" not in stanza.get("types", "").split():
            continue
        if stanza.get("enabled", "yes").lower() in OFF:
            continue
        signed = stanza.get("signed-by")
        if signed and "BEGIN PGP" in signed:
            signed = INLINE_KEY
        yield AptSource(
            file=path,
            uris=tuple(stanza.get("uris", "").split()),
            suites=tuple(stanza.get("suites", "").split()),
            components=tuple(stanza.get("components", "").split()),
            signed_by=signed,
            options={k: v for k, v in stanza.items() if k not in known},
            line=line,
        )


def sources(section: Section) -> tuple[AptSource, ...]:
    """All enabled binary sources, file by file."""
    found: list[AptSource] = []
    for path, lines in section.files():
        part = _PARTS.fullmatch(path)
        if part and not _PART.fullmatch(part[1]):
            continue
        found += (deb822 if path.endswith(".sources") else one_line)(path, lines)
    return tuple(found)


def locks(section: Section) -> tuple[LockHolder, ...]:
    """Who holds apt's and dpkg's locks: ``/proc/locks`` matched by inode (proc_locks(5)).

    Lines with ``->`` only wait. Process 0 or -1 lives where this login cannot see it.
    """
    paths = dict(line.split("|", 1) for line in section.part("stat") if "|" in line)
    commands = dict(line.split("|", 1) for line in section.part("commands") if "|" in line)
    found = []
    for line in section.part("proc"):
        if (match := _LOCK.match(line)) and match[2] in paths:
            pid = int(match[1][:19])
            command = commands.get(match[1], "").strip() or "(a process that cannot be seen here)"
            found.append(LockHolder(paths[match[2]], pid, command))
    return tuple(found)


def _lists_age(section: Section) -> int | None:
    """Seconds since the lists were fetched: their own dates are the server's, the folders' ours."""
    now = integer(section.first("now"))
    stamps = [n for line in section.part("lists") if (n := integer(line)) is not None]
    if now is None or not stamps or not section.part("indexes"):
        return None
    return max(0, now - max(stamps))


def package_manager(
    section: Section,
    source_files: Section,
    lock_files: Section,
    listed: dict[str, Package],
    unread: dict[str, str],
) -> PackageManager:
    """State of apt and dpkg, or of dnf and rpm."""
    kind = "apt" if section.has("dpkg") else "dnf" if section.has("rpm") else "unknown"
    enabled = sources(source_files) if kind != "dnf" else ()
    upgrades: bool | None = None
    if kind == "apt" and "package_manager.unattended_upgrades" not in unread:
        values = [m[1] for li in section.part("periodic") if (m := _UPGRADES.match(li))]
        package = listed.get("unattended-upgrades")
        upgrades = bool(
            package and package.installed and values and values[-1] not in ("", "0", "false")
        )
    elif kind != "apt":
        unread.setdefault("package_manager.unattended_upgrades", "this host has no apt")
        unread.setdefault("package_manager.broken", "this host has no dpkg")
    age = _lists_age(section)
    if age is None:
        unread.setdefault("package_manager.lists_age_s", "no package list is there")
    native = section.first("architecture")
    return PackageManager(
        kind=kind,
        locks=(*locks(lock_files), *dnf.at_work(lock_files)),
        half_configured=half_configured(listed) if kind == "apt" else dnf.half_done(section),
        broken="\n".join(section.part("audit")).strip() if kind == "apt" else None,
        holds=dnf.holds(section, listed)
        if kind == "dnf"
        else tuple(sorted(p.name for p in listed.values() if p.status.startswith("h"))),
        sources=enabled,
        ppas=tuple(
            uri
            for source in enabled
            for uri in source.uris
            if "ppa.launchpad" in uri or "launchpadcontent" in uri
        ),
        unattended_upgrades=upgrades,
        lists_age_s=age,
        foreign_architectures=tuple(
            a for a in map(str.strip, section.part("foreign")) if a and a != native
        ),
        architecture=native,
        repositories=dnf.repositories(source_files),
        streams=dnf.streams(section),
        releases=releases.releases(source_files),
    )

"""Packages: state, version, origin."""

from __future__ import annotations

import re

from facts.model.packages import Package
from facts.parse import dnf
from facts.parse.sections import Section, fields

_PRIORITY = re.compile(r"-?\d+")
_ADDRESS = re.compile(r"[a-z0-9+.-]+:")
_RELEASE = re.compile(r"^/var/lib/apt/lists/(.*_)?(?:In)?Release:Origin:\s*(.*)$")
# Characters that apt writes as %xx in the names of its list files
# (apt, apt-pkg/contrib/strutl.cc, URItoFileName).
_QUOTED = re.compile(r"[\\|{}\[\]<>\"^~_=!@#$%&*]")


def _list_name(uri: str) -> str:
    """How apt names the list files of an address, without its scheme and login."""
    body = uri.split(":", 1)[1].removeprefix("//")
    body = _QUOTED.sub(lambda m: f"%{ord(m[0]):02x}", body)
    return body.rstrip("/").replace("/", "_") + "_"


def origins(policy: list[str], releases: list[str]) -> dict[str, str]:
    """The archive's ``Origin:`` for each installed package that ``apt-cache policy`` can place."""
    labels = {(m[1] or ""): m[2].strip() for line in releases if (m := _RELEASE.match(line))}
    found: dict[str, str] = {}
    package, mine = "", False
    for line in policy:
        if line and not line[0].isspace():
            package, mine = line.rstrip(":"), False
        elif line.startswith(" *** "):
            mine = True
        elif not line.startswith("        "):
            mine = False
        elif mine and package not in found and (source := _source(line)):
            base, suite = _list_name(source[0]), source[1]
            for name in (f"{base}dists_{suite}_", base, f"{base}._"):
                if name in labels:
                    found[package] = labels[name]
                    break
    return found


def _source(line: str) -> tuple[str, str] | None:
    """Address and suite of a line like ``500 https://a.example/ubuntu jammy/main amd64 Packages``.

    A folder without suites stands there as ``./``, or as nothing at all.
    """
    words = line.split()
    if len(words) < 3 or words[-1] != "Packages" or not _PRIORITY.fullmatch(words[0]):
        return None
    suite = words[2].split("/")[0] if len(words) > 4 else ""
    return (words[1], suite) if _ADDRESS.match(words[1]) else None


def packages(section: Section) -> dict[str, Package]:
    """All that dpkg or rpm lists; a foreign architecture's as ``name:arch``."""
    native = section.first("architecture")
    origin = origins(section.part("policy"), section.part("releases"))
    found = {}
    for line in section.part("dpkg"):
        status, name, arch, version = fields(line, 4)
        key = name if native is None or arch in (native, "all", "") else f"{name}:{arch}"
        found[key] = Package(key, version, status.strip(), origin.get(key))
    came_from = dnf.origins(section)
    for line in section.part("rpm"):
        status, name, arch, version, vendor = fields(line, 5)
        version = version.removeprefix("0:")
        # A kernel stands there once per release: the key of all but the first carries it.
        key = name if name not in found else f"{name}-{version.split(':')[-1]}.{arch}"
        bare = version.split(":")[-1]
        label = came_from.get((name, bare)) or vendor.replace("(none)", "")
        found[key] = Package(key, version, status.strip(), label or None)
    return found


def half_configured(listed: dict[str, Package]) -> tuple[str, ...]:
    """``name status`` where dpkg is neither done nor cleanly without it.

    dpkg-query(1), ``db:Status-Abbrev``: second letter n, c, i are settled states; a third letter
    R asks for a reinstallation.
    """
    return tuple(
        f"{p.name} {p.status}"
        for p in listed.values()
        if p.status[1:2] not in ("n", "c", "i") or p.status[2:3] == "R"
    )

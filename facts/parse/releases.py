"""Release files in apt's lists: which archive each belongs to, and what it says."""

from __future__ import annotations

import email.utils
import re

from facts.model.packages import Release
from facts.parse.sections import Section

_LINE = re.compile(r"^(?:\S*/)?([^/\s]*?)(?:In)?Release:([A-Z][A-Za-z]*):[ \t]*(.*)$")
# apt quotes these in names of files (apt-pkg/contrib/strutl.cc, ``URItoFileName``).
_QUOTED = re.compile(r"[\\|{}\[\]<>\"^~_=!@#$%&*]|[^\x21-\x7e]")
_MOST = 200
"""Characters of one value."""


def stem(uri: str, suite: str) -> str:
    """How apt's copies of an archive's files begin: ``archive.example.org_debian_dists_bookworm_``.

    Scheme and user are no part of it. A suite that ends with a slash is the path of a flat archive.
    """
    _, mark, rest = uri.partition("://")
    if not mark:
        rest = uri.partition(":")[2].lstrip("/")
        rest = f"/{rest}" if not uri.startswith("cdrom:") else rest
    host, slash, path = rest.partition("/")
    whole = f"{host.rpartition('@')[2]}{slash}{path}".rstrip("/") + "/"
    whole += suite.removeprefix("/") if suite.endswith("/") else f"dists/{suite}/"
    quoted = _QUOTED.sub(lambda found: f"%{ord(found[0]) & 255:02x}", whole)
    return quoted.replace("/", "_")


def releases(section: Section) -> dict[str, Release]:
    """All Release files by `stem`, from lines ``path:Field: value``."""
    fields: dict[str, dict[str, str]] = {}
    for line in section.part("releases"):
        if match := _LINE.match(line):
            fields.setdefault(match[1], {}).setdefault(match[2], match[3].strip()[:_MOST])
    return {name: release(found) for name, found in fields.items()}


def release(found: dict[str, str]) -> Release:
    """A Release file by its fields."""
    return Release(
        origin=found.get("Origin"),
        label=found.get("Label"),
        suite=found.get("Suite"),
        codename=found.get("Codename"),
        version=found.get("Version"),
        components=tuple(found.get("Components", "").split()),
        date=_date(found.get("Date", "")),
    )


def _date(text: str) -> int | None:
    """``Sat, 10 Jan 2026 09:00:00 UTC`` (deb-repository: RFC 2822, in UTC)."""
    try:
        return int(email.utils.parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None

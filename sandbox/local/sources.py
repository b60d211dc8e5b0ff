"""The machine's own Debian archive addresses, and apt's settings that a host must share.

No address is written in this file: a machine that reaches its archive through some mirror gives
its hosts the same way.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.commands import run

_APT = Path("/etc/apt")


@dataclass(frozen=True)
class Archive:
    """Where one machine gets Debian from."""

    release: str | None
    """Address of the main archive; `None` if the machine's sources name none."""
    security: str | None


def debian_archive(folder: Path = _APT) -> Archive:
    """Addresses of Debian's archive and its security archive in apt's sources below `folder`.

    Recognised by suite: a Debian codename for the archive, `codename-security` for security.
    """
    release = security = None
    codename = r"(?:bullseye|bookworm|trixie|stable|testing|sid)"
    for address, suite in _entries(folder):
        if re.fullmatch(rf"{codename}(?:-updates)?", suite):
            release = release or address
        elif re.fullmatch(rf"{codename}-security", suite):
            security = security or address
    return Archive(release, security)


def _entries(folder: Path) -> list[tuple[str, str]]:
    """(address, suite) of each binary source below `folder`, one-line and deb822 format."""
    found: list[tuple[str, str]] = []
    parts = folder / "sources.list.d"
    for file in [folder / "sources.list", *sorted(parts.glob("*.list"))]:
        for line in file.read_text().splitlines() if file.is_file() else []:
            if match := re.match(r"\s*deb\s+(?:\[[^]]*\]\s*)?(\S+)\s+(\S+)", line):
                found.append((match[1].rstrip("/"), match[2]))
    for file in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", file.read_text()):
            fields = dict(re.findall(r"(?mi)^(types|uris|suites|enabled):[ \t]*(.*)$", stanza))
            fields = {key.lower(): value for key, value in fields.items()}
            if "deb" in fields.get("types", "").split() and fields.get("enabled") != "no":
                found += [
                    (uri.rstrip("/"), suite)
                    for uri in fields.get("uris", "").split()
                    for suite in fields.get("suites", "").split()
                ]
    # mirror+file: sources name a list of mirrors on this machine's disk, no use to a host.
    return [(uri, suite) for uri, suite in found if uri.startswith(("http://", "https://"))]


def date_settings() -> list[str]:
    """The machine's apt settings about dates in Release files, as lines of apt.conf.

    A machine whose clock or mirror is frozen sets them, and a host on it needs the same.
    """
    wanted = re.compile(r'Acquire::(?:Check-Valid-Until|Check-Date|Max-FutureTime) "[^"]+";')
    return [line for line in run("apt-config", "dump").splitlines() if wanted.fullmatch(line)]

"""The packages of NVIDIA's apt repositories, out of `nvidia-apt.yaml`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError
from sandbox.doubles.deb import Deb
from sandbox.doubles.payloads.kinds import payload
from sandbox.doubles.payloads.payload import Values

_DATA = Path(__file__).with_name("nvidia-apt.yaml")
_LAST_SUFFIXED = 580
"""From branch 590 on, Ubuntu's package names carry no branch."""


@dataclass(frozen=True)
class Release:
    """One driver release."""

    version: str
    """``580.178.04``."""
    revision: str = "1ubuntu1"
    """What Ubuntu's package version has after it; Debian's has ``1``."""

    @property
    def branch(self) -> str:
        """``580``."""
        return self.version.split(".")[0]


def releases(distribution: str = "") -> tuple[Release, ...]:
    """The driver releases that a double has at first, oldest first; all where none is named."""
    first = int(_distribution(distribution).get("first", 0)) if distribution else 0
    rows = [Release(row["version"], row["revision"]) for row in _data()["releases"]]
    return tuple(release for release in rows if int(release.branch) >= first)


def distributions() -> tuple[str, ...]:
    """Repository folders that a double can have, like ``ubuntu2204``."""
    return tuple(_data()["distributions"])


def key_file(distribution: str) -> str:
    """The name under which NVIDIA publishes this repository's key: ``3bf863cc.pub``."""
    return str(_distribution(distribution)["key"])


def driver(distribution: str, release: Release) -> list[Deb]:
    """Every package of one driver release."""
    family = _distribution(distribution)["drivers"]
    found = []
    for row in _data()["drivers"][family]:
        branch = int(release.branch)
        if not int(row.get("from", 0)) <= branch <= int(row.get("until", 9999)):
            continue
        for flavour in ("proprietary", "open") if "{o}" in row["name"] else (None,):
            found.append(_package(row, family, release, flavour))
    return found


def others(distribution: str) -> list[Deb]:
    """Everything but drivers: CUDA, cuDNN, NCCL, the container toolkit."""
    rows = [r for g in _distribution(distribution)["groups"] for r in _data()["groups"][g]]
    return list(_small(rows))


def _package(row: Mapping[str, str], family: str, release: Release, flavour: str | None) -> Deb:
    suffixed = family == "ubuntu" and int(release.branch) <= _LAST_SUFFIXED
    revision = release.revision if family == "ubuntu" else "1"
    words = {
        "b": release.branch,
        "v": release.version,
        "f": f"{release.version}-{revision}",
        "s": f"-{release.branch}" if suffixed else "",
        "o": "-open" if flavour == "open" else "",
    }
    name = row["name"].format(**words)
    fields = {}
    if depends := row.get("depends"):
        fields["Depends"] = depends.format(**words)
    if only := row.get("only"):
        # One package of this kind at a time: the name is provided, and conflicted with.
        fields |= {"Conflicts": only, "Replaces": only, "Provides": only}
    if provides := row.get("provides"):
        fields["Provides"] = ", ".join(
            filter(None, [fields.get("Provides"), provides.format(**words)])
        )
    values = Values(
        name, release.version, release.branch, row.get("flavour") or flavour or "proprietary"
    )
    inside = payload(row.get("payload", ""), values)
    return Deb(
        name,
        row.get("version", "{f}").format(**words),
        row.get("arch", "amd64"),
        fields,
        inside.files,
        inside.scripts,
        inside.conffiles,
    )


def _small(rows: list[list[str]]) -> Iterator[Deb]:
    for name, version, kind, depends in rows:
        inside = payload(kind, Values(name, version.rsplit("-", 1)[0]))
        fields = {"Depends": depends} if depends else {}
        yield Deb(name, version, "amd64", fields, inside.files, inside.scripts, inside.conffiles)


def _distribution(name: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = _data()["distributions"][name]
    except KeyError:
        raise SandboxError(
            f"No double of NVIDIA's repository {name!r}; there are {', '.join(distributions())}."
        ) from None
    return found


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data

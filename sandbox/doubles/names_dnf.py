"""The packages of NVIDIA's dnf repositories, out of `nvidia-dnf.yaml`."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sandbox.checkout import SandboxError
from sandbox.doubles import rpm_payloads
from sandbox.doubles.payloads.payload import Values
from sandbox.doubles.rpm import Rpm

_DATA = Path(__file__).with_name("nvidia-dnf.yaml")
_EPOCH = 3


def releases(distribution: str) -> tuple[str, ...]:
    """The driver releases that a double of ``rhel9`` has at first.

    Raises:
        SandboxError: if there is no double of this distribution.

    """
    if distribution not in _data()["distributions"]:
        raise SandboxError(
            f"No double of NVIDIA's repository {distribution!r}; of the Red Hat family there are "
            f"{', '.join(_data()['distributions'])}."
        )
    return tuple(_data()["releases"])


def key_file() -> str:
    """The name under which NVIDIA publishes the key: ``D42D0685.pub``."""
    return str(_data()["key"])


def driver(distribution: str, version: str) -> list[tuple[Rpm, str]]:
    """Every package of one driver release, each with the flavour whose streams alone have it."""
    branch = int(version.split(".")[0])
    disttag = "el" + distribution.removeprefix("rhel")
    words = {"b": str(branch), "v": version, "e": f"{_EPOCH}:{version}-1.{disttag}"}
    found = []
    for row in _data()["drivers"]:
        if not int(row.get("from", 0)) <= branch <= int(row.get("until", 9999)):
            continue
        flavour = row.get("flavour", "")
        values = Values(row["name"], version, str(branch), flavour or "proprietary")
        kind = row.get("payload", "")
        tags = {
            tag: tuple(entry.format(**words) for entry in row.get(tag.lower(), ()))
            for tag in ("Requires", "Provides", "Conflicts", "Obsoletes")
        }
        package = Rpm(
            row["name"],
            version,
            row.get("release", f"1.{disttag}"),
            row.get("epoch", _EPOCH),
            row.get("arch", "x86_64"),
            tags,
            rpm_payloads.files(kind, values),
            rpm_payloads.scripts(kind, values),
        )
        found.append((package, flavour))
    return found


def others() -> list[Rpm]:
    """CUDA, cuDNN, NCCL: what belongs to no module."""
    found = []
    for name, full, kind, requires in _data()["others"]:
        version, release = full.split("-", 1)
        values = Values(name, version)
        found.append(
            Rpm(
                name,
                version,
                release,
                tags={"Requires": tuple(requires)},
                files=rpm_payloads.files(kind, values),
                scripts=rpm_payloads.scripts(kind, values),
            )
        )
    return found


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(_DATA.read_text())
    return data

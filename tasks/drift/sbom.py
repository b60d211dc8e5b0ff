"""A bill of materials per host, in CycloneDX's form: its plan's parts and its packages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from tasks import __version__
from tasks.drift.reading import Reading, moment

_PYTHON = re.compile(r"([A-Za-z0-9._-]{1,100}) ([A-Za-z0-9.+!_-]{1,100})")


def text(reading: Reading) -> str:
    """The JSON of one host; the same for the same reading.

    Version 1.6 of https://cyclonedx.org/specification/overview/.
    """
    host = Component(name=reading.host, type=ComponentType.DEVICE, bom_ref="host")
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"gpuwright/{reading.host}/{reading.read_at}"))
    bom.metadata.component = host
    bom.metadata.tools.components.add(
        Component(name="gpuwright", version=__version__, type=ComponentType.APPLICATION)
    )
    if at := moment(reading.read_at):
        bom.metadata.timestamp = at
    parts = list(_parts(reading))
    bom.components.update(parts)
    bom.register_dependency(host, parts)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


def _parts(reading: Reading) -> Iterator[Component]:
    os = (reading.components.get("distribution") or None) and reading.components["distribution"]
    words = (os.actual or "").split(" ") if os else [""]
    family, _, release = words[0].partition("-")
    kind = "deb" if family in ("debian", "ubuntu") else "rpm" if family else "generic"
    if family:
        yield Component(
            name=family, version=release, type=ComponentType.OPERATING_SYSTEM, bom_ref="os"
        )
    for name, version in reading.packages.items():
        where = {"distro": words[0]} if family else {}
        url = PackageURL(kind, family or None, name.split(":")[0], version, where)
        yield Component(
            name=name,
            version=version,
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=f"{kind}:{name}@{version}",
        )
    for match in _PYTHON.finditer(reading.facts.get("packages of the environment", "")):
        url = PackageURL("pypi", None, match[1].lower(), match[2])
        yield Component(
            name=match[1],
            version=match[2],
            type=ComponentType.LIBRARY,
            purl=url,
            bom_ref=f"pypi:{match[1]}@{match[2]}",
        )
    for name, component in reading.components.items():
        if component.planned is not None:
            said = [Property(name="gpuwright:planned", value=component.planned)]
            said.append(Property(name="gpuwright:actual", value=component.actual or "not known"))
            yield Component(
                name=name,
                type=ComponentType.PLATFORM,
                properties=said,
                bom_ref=f"plan:{name}",
                description="a part of the host's plan",
            )

"""What ``facts/device_health.sh`` brings → `facts.device_health_model.Health`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from facts.device_health_model import Device, Health, Sample, Selftest
from facts.parse import jsontext
from facts.parse.answers import bus_address
from facts.parse.sections import Section, split
from facts.parse.smi_device import NUMBER, device

_LINK = re.compile(r"^\s*Link (\d{1,2}): (<inactive>|[0-9.]{1,10} GB/s)")
_CARD = re.compile(r"^GPU (\d{1,3}):")
_MOST_SAMPLES = 60


def health(output: Iterable[str]) -> Health:
    """Everything that the script told.

    Raises `ProbeError` where the output is cut off or is not that script's.
    """
    text = split(output)
    rest, load = text["rest"], text["load"]
    selftest = None if "load" in text.unread else _selftest(load)
    if "rest" in text.unread:
        return Health((), None, text.unread["rest"], False, selftest, text.unread)
    driver, devices, why = _inventory(rest)
    links = _links(rest.part("links"))
    busy = _samples(load.part("samples"))
    devices = tuple(
        replace(d, links=links.get(d.index, ()), busy=busy.get(d.pci or "", ())) for d in devices
    )
    return Health(devices, driver, why, True, selftest, text.unread)


def _inventory(rest: Section) -> tuple[str | None, tuple[Device, ...], str | None]:
    code, lines = rest.first("exit"), rest.part("xml")
    whole = "\n".join(lines)
    start = whole.find("<?xml")
    if code != "0" or start < 0:
        said = " ".join(whole.split())[:300] or "no output"
        return None, (), f"nvidia-smi -q -x ends with {code}: {said}"
    try:
        root = ET.fromstring(whole[start:])
    except (ET.ParseError, ValueError) as error:
        return None, (), f"nvidia-smi -q -x gives broken XML: {error}"
    devices = tuple(device(i, node) for i, node in enumerate(root.findall("gpu")))
    return (root.findtext("driver_version") or "").strip() or None, devices, None


def _links(lines: list[str]) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    card: int | None = None
    for line in lines:
        if header := _CARD.match(line):
            card = int(header[1])
        elif card is not None and (link := _LINK.match(line)):
            found.setdefault(card, []).append(link[2].strip("<>"))
    return {index: tuple(links) for index, links in found.items()}


def _samples(lines: list[str]) -> dict[str, tuple[Sample, ...]]:
    found: dict[str, list[dict[str, Any]]] = {}
    card: dict[str, Any] | None = None
    for line in lines:
        word, _, value = line.strip().partition(" ")
        if word == "sample":
            card = None
        elif word == "gpu":
            card = {"reasons": ()}
            found.setdefault(bus_address(value) or "", []).append(card)
        elif card is not None and word in ("generation", "width", "temperature", "replays"):
            number = NUMBER.match(value)
            key = "temperature_c" if word == "temperature" else word
            card[key] = int(float(number[0])) if number else None
        elif card is not None and word == "state":
            card["state"] = value
        elif card is not None and word == "reason":
            card["reasons"] = (*card["reasons"], value)
    return {
        pci: tuple(Sample(**card) for card in cards[-_MOST_SAMPLES:])
        for pci, cards in found.items()
    }


def _selftest(load: Section) -> Selftest:
    try:
        data = jsontext.loads("\n".join(load.part("selftest")))
    except ValueError:
        data = None
    code = load.first("selftest_exit")
    if not isinstance(data, dict):
        late = code in ("124", "137")
        return Selftest(
            wrong=None if late else f"it ends with {code}, without an answer", late=late
        )

    def part(key: str) -> dict[str, Any]:
        value = data.get(key)
        return value if isinstance(value, dict) else {}

    group, devices = part("collective"), part("cuda").get("devices")
    rows = [d for d in devices if isinstance(d, dict)] if isinstance(devices, list) else []
    world, faults = group.get("world"), data.get("faults")
    computed = part("torch").get("computed")
    # Its own words in image/programs/selftest.py.
    why = _word(group.get("why"))
    late = part("cuda").get("hangs") is True or (why or "").startswith("no end within ")
    return Selftest(
        verdict=_word(data.get("verdict")),
        backend=_word(group.get("backend")),
        processes=world if isinstance(world, int) and not isinstance(world, bool) else 0,
        wrong=None if late else why,
        late=late,
        computed=computed if isinstance(computed, bool) else None,
        faults=tuple(str(f)[:300] for f in faults[:10]) if isinstance(faults, list) else (),
        devices=sum(d.get("memory_ok") is True for d in rows),
    )


def _word(value: object) -> str | None:
    return value[:300] if isinstance(value, str) and value else None

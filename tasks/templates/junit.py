"""JUnit's XML, as CI servers read it: a suite per host, a case per check. Pure."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["failure", "error", "skipped"]
_COUNTED: Mapping[Kind, str] = {"failure": "failures", "error": "errors", "skipped": "skipped"}


@dataclass(frozen=True)
class Said:
    """What a case says of itself."""

    kind: Kind
    message: str
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Case:
    """One check of one host; it has passed where nothing is said."""

    name: str
    said: Sequence[Said] = ()


def xml(title: str, hosts: Mapping[str, Iterable[Case]]) -> str:
    """The document.

    Args:
        title: Of the whole.
        hosts: The cases by host.
    """
    root = ET.Element("testsuites", name=clean(title))
    for host, cases in hosts.items():
        suite = ET.SubElement(root, "testsuite", name=clean(host))
        counts: Counter[str] = Counter()
        for case in cases:
            element = ET.SubElement(suite, "testcase", classname=clean(host), name=clean(case.name))
            counts["tests"] += 1
            for said in case.said:
                counts[_COUNTED[said.kind]] += 1
                child = ET.SubElement(element, said.kind)
                if said.code:
                    child.set("type", clean(said.code))
                child.set("message", clean(said.message))
                child.text = clean(said.text) or None
        for name in ("tests", *_COUNTED.values()):
            suite.set(name, str(counts[name]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def clean(words: str) -> str:
    """Without what XML cannot hold."""
    return "".join(
        c for c in words if c in "\n\t" or " " <= c < "\ud800" or "\ue000" <= c < "\ufffe"
    )

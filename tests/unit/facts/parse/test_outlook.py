"""The package manager's answers, as they came from a sandbox host on 2026-11-30."""

from __future__ import annotations

import pytest

from facts.model.outlook import Outlook, Unfetchable
from facts.parse.outlook import outlook
from facts.parse.sections import ProbeError

SAID = """\
== unfetchable
less|1:99-1
== simulation
Remv acme-agent:i386 [1.0]
E: The package less needs to be reinstalled, but I can't find an archive for it.
== check
 acme-agent : Depends: acme-runtime (>= 2) but it is not installable
== headers
6.1.0-57-cloud-amd64 yes
6.1.0-52-cloud-amd64 no
== newest
linux-headers-cloud-amd64 headers 6.1.0-9-cloud-amd64
linux-headers-cloud-amd64 headers 6.1.0-57-cloud-amd64
linux-headers-cloud-amd64 image 6.1.0-57-cloud-amd64
linux-headers-cloud-amd64 image 6.1.0-9-cloud-amd64
linux-headers-rt-amd64 headers 6.1.0-57-rt-amd64
== end
"""


def test_all_of_it_is_read() -> None:
    assert outlook(SAID.splitlines()) == Outlook(
        unfetchable=(Unfetchable("less", "1:99-1"),),
        removals=("acme-agent",),
        repair_fails="E: The package less needs to be reinstalled, but I can't find an archive "
        "for it.",
        complaints=("acme-agent : Depends: acme-runtime (>= 2) but it is not installable",),
        headers={"6.1.0-57-cloud-amd64": True, "6.1.0-52-cloud-amd64": False},
        newest={"linux-headers-cloud-amd64": "6.1.0-57-cloud-amd64"},
    )


def test_kernel_that_was_not_asked_for_is_unknown_and_not_gone() -> None:
    assert outlook(["== simulation", "== end"]).headers is None


def test_sources_that_cannot_be_read_are_told() -> None:
    said = ["== unread", "E: Failed to fetch http://a.example/", "== end"]
    assert outlook(said).unread == "E: Failed to fetch http://a.example/"
    assert outlook(["== unread", "== end"]).unread == "no reason"


@pytest.mark.parametrize("lines", [[], SAID.splitlines()[:-1], ["nonsense"]])
def test_half_an_answer_is_none(lines: list[str]) -> None:
    with pytest.raises(ProbeError):
        outlook(lines)


@pytest.mark.parametrize("line", ["Remv", "Remv ", "E:", "|", "a", "a b c d", "Inst x"])
def test_line_of_another_shape_is_harmless(line: str) -> None:
    for part in ("unfetchable", "simulation", "check", "headers", "newest"):
        outlook([f"== {part}", line, "== end"])

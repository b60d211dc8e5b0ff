"""The page as text: what it shows, and what hosts cannot make of it."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from tasks.drift import page
from tasks.drift.document import made
from tasks.drift.reading import Component, Reading, Seen
from tests.unit.tasks.drift.a_fleet import GPUS, NOW, PLANTED, alike, host, many, report

EVIL = "</script><img src=x onerror=alert(1)>\"'`{{7*7}}"


class Elements(HTMLParser):
    """Elements of a page, with their attributes and the text of those that are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def elements(text: str) -> list[tuple[str, dict[str, str | None]]]:
    """All elements of a page."""
    parser = Elements()
    parser.feed(text)
    return parser.found


def differences(text: str) -> set[tuple[str, str]]:
    """Host and component of each difference that the page shows."""
    return {
        (name, component)
        for name, body in re.findall(
            r'<details class="host.*?<span class="name">([^<]*)</span>(.*?)</details>',
            text,
            re.DOTALL,
        )
        for component in re.findall(r'<div class="difference"><b>([^<]*)</b>', body)
    }


def test_page_shows_every_planted_difference_and_no_other() -> None:
    assert differences(page.text(report())) == {(name, component) for name, component, _ in PLANTED}


def test_page_has_counts_first_and_the_worst_before_the_others() -> None:
    text = page.text(report())
    assert re.findall(r"<b>(\d+)</b> ([A-Z]+)</button>", text) == [
        ("1", "CRITICAL"),
        ("1", "UNKNOWN"),
        ("1", "WARN"),
        ("7", "OK"),
    ]
    names = re.findall(r'<span class="name">([^<]*)</span>', text)
    assert names[:3] == ["gpu02", "gpu08", "gpu03"]
    assert text.index("CRITICAL</button>") < text.index('id="search"')


def test_page_says_who_is_the_same_and_how_the_others_differ() -> None:
    text = page.text(report())
    assert "training: 7 the same, 3 differ<" in text
    assert (
        "It no longer answers: it could not be reached. What follows was read 6 days ago." in text
    )
    assert "moved by unattended-upgrades" in text


def test_what_a_host_says_is_text_wherever_it_stands() -> None:
    evil = Component(EVIL, EVIL, False)
    wild = replace(
        host(EVIL, group=EVIL, driver=evil),
        components={**host("x").components, EVIL: evil},
        why=EVIL,
        stack=EVIL,
        proof=EVIL,
        next_boot_why=EVIL,
        findings=(Seen(EVIL, "WARN", EVIL, EVIL, EVIL, EVIL),),
        facts={EVIL: EVIL},
        held=(EVIL,),
    )
    plain = [tag for tag, _ in elements(page.text(made([host("a")], {}, NOW)))]
    found = elements(page.text(made([wild], {}, NOW, EVIL, [EVIL])))
    assert {tag for tag, _ in found} <= {*plain, "div", "code", "ul", "li", "i", "p", "b", "span"}
    assert not [a for _, attributes in found for a in attributes if a.startswith("on")]
    assert len([tag for tag, _ in found if tag == "script"]) == 1


def test_page_asks_for_nothing() -> None:
    text = page.text(report())
    outside = [
        value
        for _, attributes in elements(text)
        for name, value in attributes.items()
        if name in ("src", "href", "action", "data", "srcset", "poster") and value
    ]
    assert [value for value in outside if not value.startswith(("#", "data:,"))] == []
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp|innerHTML|document\.write", text)
    assert "default-src 'none'" in text


def test_thousand_hosts_are_a_page_below_five_megabytes() -> None:
    assert len(page.text(many(1000)).encode()) < 5_000_000


@pytest.mark.parametrize(
    "readings",
    [
        [],
        [Reading("a")],
        [Reading("a", answered=False, why="no"), *alike("bcd")],
        [replace(host("a"), components={}, next_boot=None, gpus=(), held=())],
    ],
)
def test_any_host_may_lack_any_fact(readings: list[Reading]) -> None:
    assert "</html>" in page.text(made(readings, {}, NOW))


def test_cell_of_the_matrix_tells_only_what_is_other_than_most_have() -> None:
    text = page.text(made([*alike("abc"), host("d", Secure_Boot=Component("on"))], {}, NOW))
    assert text.count('<td class="other">on</td>') == 1
    assert '<td class="wrong">' not in text


def test_gpu_that_could_not_be_read_counts_neither_as_well_nor_as_ill() -> None:
    gpus = tuple(replace(gpu, well=None if n == 0 else True) for n, gpu in enumerate(GPUS))
    text = page.text(made([replace(host("a"), gpus=gpus)], {}, NOW))
    assert "<i>GPUs</i> 7 of 8 well" in text
    assert "not all of it could be read" in text

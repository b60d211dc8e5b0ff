"""The picture: well-formed, self-contained, every run a dot, and nothing outside of it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from tasks.benchmark.outcome import Measured, outcome
from tasks.benchmark.plot import WIDTH, svg
from tests.unit.tasks.benchmark.a_benchmark import measured, row, side

SVG = "{http://www.w3.org/2000/svg}"
WIDE = row(88, seed=9)


def drawn(made: Measured, title: str = "gpu1") -> ET.Element:
    return ET.fromstring(svg(title, outcome(made), "2026-11-30"))


def words(root: ET.Element) -> list[str]:
    return [e.text or "" for e in root.iter(f"{SVG}text")]


def test_every_run_is_a_dot_and_the_dropped_ones_are_hollow() -> None:
    root = drawn(measured(side(), side(seed=50)))
    dots = list(root.iter(f"{SVG}circle"))
    assert len(dots) == 12 * 16 + 2  # and the two of the legend
    assert sum(d.get("fill") == "none" for d in dots) == 12 * 4


def test_nothing_comes_from_elsewhere_and_nothing_runs() -> None:
    text = svg("gpu1", outcome(measured(side(), side(seed=50))))
    assert not re.findall(r"<(script|image|use|foreignObject|style)|href|url\(", text)
    assert re.findall(r"https?://\S+?\"", text) == ['http://www.w3.org/2000/svg"']


def test_verdicts_stand_beside_their_rows() -> None:
    said = words(drawn(measured(side(), side(seed=50, bert_step=WIDE))))
    assert said.count("no difference") == 11
    assert any(re.fullmatch(r"-1\d\.\d %", one) for one in said)


@pytest.mark.parametrize(
    "second",
    [
        side(seed=50, loading=[*row(100, runs=7), 90_000.0]),
        side(seed=50, start_warm=[5.0] * 8),
        side(seed=50, collective_share=[0.0] * 8),
        side(seed=50, start_cold=row(4000, 0.5, seed=4)),
        [],
    ],
    ids=["outlier", "constant", "zero", "noise", "none"],
)
def test_all_that_is_drawn_lies_in_the_picture(second: list[object]) -> None:
    root = drawn(measured(side(), second))  # type: ignore[arg-type]
    height = float(root.get("height") or 0)
    for kind, across, down in (("circle", "cx", "cy"), ("line", "x1", "y1"), ("line", "x2", "y2")):
        for one in root.iter(f"{SVG}{kind}"):
            assert 0 <= float(one.get(across) or 0) <= WIDTH
            assert 0 <= float(one.get(down) or 0) <= height


def test_nothing_measured_says_so() -> None:
    assert "nothing could be measured" in words(drawn(measured([], [])))


def test_tiny_sizes_are_written_into_the_picture() -> None:
    tiny = [replace(r, tiny=True) for r in side()]
    assert any("tiny sizes on the CPU" in one for one in words(drawn(measured(tiny, tiny))))


def test_name_of_a_host_is_text_and_no_markup() -> None:
    text = svg('<script>&"', outcome(measured(side(), side(seed=50))))
    assert "<script" not in text and words(ET.fromstring(text))[0] == '<script>&"'

"""All values of a benchmark as one picture, in SVG that needs no other file. Pure.

A row per figure with a dot per run, not bars: a bar hides two groups and a lone value. Each row has
a scale of its own, with the first side's mean in the middle; the line under the dots is the
interval of the second side's mean by it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from xml.sax.saxutils import escape

from stacks.model.plain import one_line
from tasks.benchmark.intervals import DROPPED, Compared
from tasks.benchmark.metrics import METRICS, Metric
from tasks.benchmark.outcome import Outcome
from tasks.benchmark.words import change

WIDTH, ROW, TOP, BOTTOM = 1060, 74, 88, 40
LEFT, RIGHT = 268, 760
COLOURS = ("#2c6fbb", "#c8641e")
GREY, DARK, LIGHT = "#666666", "#222222", "#dddddd"
LEAST_SPAN = 0.01
"""Of the middle value: a row shows this much to each side at least, else noise looks large."""


def svg(title: str, told: Outcome, foot: str = "") -> str:
    """The picture.

    Args:
        title: The host, or both.
        told: What came of it.
        foot: When and by what it was measured.
    """
    shown = [m for m in METRICS if m.name in told.compared]
    height = TOP + ROW * max(1, len(shown)) + BOTTOM
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 30, title, size=18, colour=DARK),
    ]
    for number, name in enumerate(told.names):
        x = 20 + 400 * number
        lines.append(_dot(x + 5, 55, number, kept=True))
        lines.append(_text(x + 18, 59, f"{'AB'[number]}: {_cut(name, 52)}", colour=COLOURS[number]))
    legend = "a dot is a run; hollow: best or worst, left out; line: interval of B's mean"
    lines.append(_text(20, 79, legend + ("; tiny sizes on the CPU" if told.tiny else ""), size=11))
    for place, metric in enumerate(shown):
        lines += _row(metric, told, TOP + ROW * place)
    if not shown:
        lines.append(_text(20, TOP + 30, "nothing could be measured", colour=DARK))
    lines += [_text(20, height - 14, foot, size=11), "</svg>"]
    return "\n".join(lines) + "\n"


def _row(metric: Metric, told: Outcome, top: int) -> Iterator[str]:
    one, rows = told.compared[metric.name], told.values[metric.name]
    yield f'<line x1="20" x2="{WIDTH - 20}" y1="{top}" y2="{top}" stroke="{LIGHT}"/>'
    yield _text(20, top + 24, metric.says, colour=DARK)
    more = "more is better" if metric.more else "less is better"
    unit = metric.unit or "share"
    yield _text(20, top + 42, f"{unit}, {'' if metric.kind == 'points' else more}".rstrip(", "), 11)
    values = [v for row in rows for v in row]
    low, high = _span(values, metric, one)

    def at(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (RIGHT - LEFT)

    if one.means is not None:
        x = at(one.means[0])
        yield (
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top + 8}" y2="{top + 54}" '
            f'stroke="{COLOURS[0]}" stroke-dasharray="3 3"/>'
        )
    for number, row in enumerate(rows):
        yield from _dots(row, number, at, top + 18 + 17 * number)
    yield from _interval(metric, one, at, top + 50)
    for x, value, anchor in ((LEFT, low, "start"), (RIGHT, high, "end")):
        yield _text(x, top + 68, f"{value:.4g}", 10, anchor=anchor)
    yield from _verdict(metric, one, top)


def _span(values: Sequence[float], metric: Metric, one: Compared) -> tuple[float, float]:
    """The ends of a row's scale: all values and the interval, and a little more."""
    shown = [*values]
    if one.means is not None and one.low is not None and one.high is not None:
        shown += [_end(metric, one, one.low), _end(metric, one, one.high)]
        # An interval without measure would make the dots one point.
        widest = 3 * (max(values) - min(values) or abs(max(values)) or 1.0)
        middle = statistics.median(values)
        shown = [min(max(v, middle - widest), middle + widest) for v in shown]
    middle = statistics.median(values) if values else 1.0
    half = LEAST_SPAN * abs(middle) or 0.01
    low, high = min([*shown, middle - half]), max([*shown, middle + half])
    edge = 0.04 * (high - low)
    return max(0.0, low - edge), high + edge


def _end(metric: Metric, one: Compared, effect: float) -> float:
    """Where an end of the interval lies on the scale of the values."""
    assert one.means is not None
    return one.means[0] + effect if metric.kind == "points" else one.means[0] * (1 + effect)


def _dots(row: Sequence[float], number: int, at: Callable[[float], float], y: int) -> Iterator[str]:
    order = sorted(range(len(row)), key=lambda n: row[n])
    dropped = {*order[:DROPPED], *order[len(order) - DROPPED :]} if len(row) > 2 else set()
    for place, value in enumerate(row):
        shift = (place % 3 - 1) * 3.5  # dots of one value stay apart
        yield _dot(at(value), y + shift, number, kept=place not in dropped)


def _interval(metric: Metric, one: Compared, at: Callable[[float], float], y: int) -> Iterator[str]:
    if one.low is None or one.high is None or one.means is None:
        return
    left, right = (max(LEFT, min(RIGHT, at(_end(metric, one, end)))) for end in (one.low, one.high))
    colour = COLOURS[1] if one.differs else GREY
    yield (
        f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}" stroke="{colour}" '
        f'stroke-width="2"/>'
    )
    for x in (left, right):
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" y2="{y + 4}" stroke="{colour}"/>'
    middle = max(LEFT, min(RIGHT, at(one.means[1])))
    yield f'<rect x="{middle - 3:.1f}" y="{y - 3}" width="6" height="6" fill="{colour}"/>'


def _verdict(metric: Metric, one: Compared, top: int) -> Iterator[str]:
    x = RIGHT + 24
    if one.effect is None or one.low is None or one.high is None:
        yield _text(x, top + 24, "not compared", colour=GREY)
        yield _text(x, top + 42, _cut(one.why, 44), 11)
        return
    word, colour = (
        (change(one.effect, metric), COLOURS[1]) if one.differs else ("no difference", GREY)
    )
    yield _text(x, top + 24, word, size=15, colour=colour)
    yield _text(x, top + 42, f"{change(one.low, metric)} to {change(one.high, metric)}", 11)
    if one.doubts:
        yield _text(x, top + 58, _cut("but " + one.doubts[0], 46), 10)


def _dot(x: float, y: float, number: int, kept: bool) -> str:
    fill = f'fill="{COLOURS[number]}" fill-opacity="0.75"' if kept else 'fill="none"'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {fill} stroke="{COLOURS[number]}"/>'


def _text(
    x: float, y: float, words: str, size: int = 13, colour: str = GREY, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">'
        f"{escape(one_line(words))}</text>"
    )


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else f"{words[: most - 1]}…"

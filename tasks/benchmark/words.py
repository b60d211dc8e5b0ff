"""A benchmark's outcome as text for a person and as data for a program. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stacks.model import plain
from tasks.benchmark.intervals import SURE, Compared
from tasks.benchmark.metrics import BY_NAME, METRICS, Metric
from tasks.benchmark.outcome import Outcome

VERSION = 1
"""Of the data."""


def text(host: str, told: Outcome) -> str:
    """One block of lines for one host: conditions, what differs, figures, sentences."""
    first, second = told.names
    lines = [f"{host}: {told.level}, {second} against {first}"]
    lines += [f"  runs: {told.runs[0]} and {told.runs[1]}, by turns A B B A after one of each"]
    lines += ["    to warm up; the best and the worst of each side are left out"]
    if told.tiny:
        lines.append("  sizes: tiny, for a CPU: they show that it works, and nothing of GPUs")
    lines += [f"  {line}" for line in _differences(told)]
    lines.append("  figures:")
    lines += [f"    {line}" for line in _table(told)]
    lines.append("  in words:")
    for metric in METRICS:
        if metric.name in told.compared:
            lines += [f"    {line}" for line in sentences(metric, told)]
    if said := collective(told):
        lines.append(f"    {said}")
    lines += [f"  left out: {name} ({why})" for name, why in sorted(told.left_out.items())]
    lines += [f"  WRONG: {what}" for what in told.wrong]
    lines += [f"  doubt: {what}" for what in told.doubts]
    return plain.block(lines)


def _differences(told: Outcome) -> Iterator[str]:
    if not told.differences:
        yield "what differs: nothing that was looked at"
        return
    yield f"what differs ({len(told.differences)}; told before any figure):"
    for one in told.differences:
        yield f"  {one.name}: {_short(one.first)} | {_short(one.second)}"
        if one.cause is None:
            yield "    what it can move is not known"
        elif one.cause.groups:
            moved = [m.name for m in METRICS if one.moves(m) and m.name in told.compared]
            usual = "; usual in containers" if one.cause.usual else ""
            moves = ", ".join(moved) or "nothing that was measured"
            yield f"    can move: {moves} ({one.cause.why}{usual})"


def _short(value: str, most: int = 70) -> str:
    return value if len(value) <= most else f"{value[: most - 1]}…"


def _table(told: Outcome) -> list[str]:
    rows = [("figure", "unit", "A", "B", "B by A", f"{SURE:.0%} together", "")]
    for metric in METRICS:
        if (one := told.compared.get(metric.name)) is None:
            continue
        if one.means is None or one.low is None or one.high is None or one.effect is None:
            rows.append((metric.name, metric.unit, "–", "–", "–", one.why or "–", "unknown"))
            continue
        rows.append(
            (
                metric.name,
                metric.unit,
                f"{one.means[0]:.4g}",
                f"{one.means[1]:.4g}",
                change(one.effect, metric),
                f"{change(one.low, metric)} to {change(one.high, metric)}",
                "differs" if one.differs else "no difference",
            )
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


def change(effect: float, metric: Metric) -> str:
    """``+1.3 %``; of more than twice as much ``× 12``; of shares ``+1.3 points``."""
    if metric.kind == "points":
        return f"{effect * 100:+.1f} points"
    return f"× {effect + 1:.3g}" if effect > 1 else f"{effect * 100:+.1f} %"


def sentences(metric: Metric, told: Outcome) -> list[str]:
    """No difference; else how large, how sure, and which printed differences can cause it."""
    one, (first, second) = told.compared[metric.name], told.names
    doubts = [f"  but {doubt}" for doubt in one.doubts]
    if one.effect is None or one.low is None or one.high is None:
        return [f"{metric.says}: not compared: {one.why}", *doubts]
    span = f"between {change(one.low, metric)} and {change(one.high, metric)}"
    if not one.differs:
        seen = change(max(abs(one.low - one.effect), abs(one.high - one.effect)), metric)
        words = f"no difference between {second} and {first} ({span})"
        return [f"{metric.says}: {words}; less than {seen.lstrip('+')} is not seen", *doubts]
    if metric.kind == "points":
        how = "more" if one.effect > 0 else "less"
    else:
        how = "better" if (one.effect > 0) == metric.more else "worse"
    size = change(one.effect, metric)
    words = f"{second} is {how} than {first}: {size}, {span} with {one.sure:.1%} certainty"
    causes = [d.name for d in told.causes(metric)]
    if causes:
        why = f"can cause it: {', '.join(causes)}"
    else:
        why = "none of the printed differences is known to cause it"
    return [f"{metric.says}: {words}", f"  {why}", *doubts]


def collective(told: Outcome) -> str:
    """How much of a step's difference the share of NCCL (or gloo) explains; empty: nothing to say.

    With the rest of the step unchanged, a share that moves from s to t changes its time by
    (1 - s) / (1 - t): from 23 % to 17 % that is 7.8 % of throughput.
    """
    share, step = (told.compared.get(name) for name in ("collective_share", "bert_step"))
    if not share or not step or not share.differs or not step.differs:
        return ""
    if share.means is None or step.effect is None or max(share.means) >= 1:
        return ""
    explained = (1 - share.means[0]) / (1 - share.means[1]) - 1
    return (
        f"adding up went from {share.means[0]:.1%} to {share.means[1]:.1%} of a step's time: with "
        f"the rest unchanged that explains {explained * 100:+.1f} % of its time, and not more; "
        f"measured was {step.effect * 100:+.1f} %"
    )


def data(told: Outcome) -> dict[str, Any]:
    """The same as plain dictionaries, lists and scalars."""
    return {
        "verdict": told.level,
        "sides": list(told.names),
        "runs": list(told.runs),
        "tiny": told.tiny,
        "differences": [
            {
                "name": d.name,
                "values": [d.first, d.second],
                "can_move": [m.name for m in METRICS if d.moves(m)],
                "why": d.cause.why if d.cause else None,
                "source": d.cause.source if d.cause else None,
                "usual": d.cause.usual if d.cause else None,
            }
            for d in told.differences
        ],
        "figures": {name: _figure(name, one, told) for name, one in told.compared.items()},
        "left_out": dict(told.left_out),
        "wrong": list(told.wrong),
        "doubts": list(told.doubts),
    }


def _figure(name: str, one: Compared, told: Outcome) -> dict[str, Any]:
    metric = BY_NAME[name]
    return {
        "unit": metric.unit,
        "more_is_better": metric.more,
        "kind": metric.kind,
        "values": [list(row) for row in told.values[name]],
        "means": None if one.means is None else list(one.means),
        "effect": one.effect,
        "interval": None if one.low is None else [one.low, one.high],
        "certainty": one.sure,
        "differs": one.differs,
        "doubts": list(one.doubts),
        "why": one.why or None,
        "words": sentences(metric, told),
        "causes": [d.name for d in told.causes(metric)] if one.differs else [],
    }


def record(at: str, tool: str, sides: Sequence[str], results: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept: on the host as ``/var/lib/gpuwright/benchmark.json``, and by the controller."""
    return {"version": VERSION, "at": at, "tool": tool, "sides": list(sides), "results": results}


def as_text(kept: Mapping[str, Any]) -> str:
    """The record as it lies on the host."""
    return json.dumps(kept, indent=2, sort_keys=True) + "\n"

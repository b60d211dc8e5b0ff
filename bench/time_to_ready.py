"""How long a bare host takes to become a GPU host: our run beside two plain shell scripts.

Ways, in turn, each on a fresh host behind the same warm download cache:

- ``gpuwright``: ``pyinfra -y INVENTORY deploys/gpu_host.py``
- ``guide``: what the usual guide for Debian 12 says (it installs no cuDNN and holds nothing)
- ``by-hand``: exactly the packages of our plan, one step after the other

Every counted run is a record in ``results/time_to_ready.json``. A record counts as long as its
recipe (our product's code, or the script's text) is unchanged, so a series that was cut off goes
on where it ended.
"""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from bench import machine, results, ways
from bench.results import Comparison

NAME = "time_to_ready"
TARGETS = {"guide": 0.6, "by-hand": 0.85}


def run(wanted: int, which: Sequence[str] = ways.WAYS, warm: bool = True) -> list[Comparison]:
    """Make the counted runs that are still missing, and compare.

    Args:
        wanted: Counted runs per way that there shall be.
        which: The ways to run now; the comparison takes all that are on record.
        warm: Whether to fill the download cache first: one uncounted pass, downloads only.

    Raises:
        bench.target.BenchError: A run fails, or its host is not ready at its end.
    """
    console = Console(stderr=True)
    recipes = ways.recipes()
    for turn, way in itertools.product(range(1, wanted + 1), which):
        if sum(r["way"] == way for r in current(results.load(NAME), recipes)) >= turn:
            continue
        if warm:
            console.print("filling the download cache (not counted)")
            ways.warm()
            warm = False
        if (load := machine.describe()["load"]) > machine.CALM:
            console.print(f"[yellow]the machine is not calm: load {load:.1f}[/]")
        console.print(f"{way}: counted run {turn} of {wanted} …")
        record = ways.go(way) | {"recipe": recipes[way]}
        console.print(f"{way}: {record['seconds']:.0f} s")
        results.save(NAME, [*results.load(NAME), record])
    rows = compare(current(results.load(NAME), recipes))
    results.save(NAME, results.load(NAME), rows)
    return rows


def current(runs: Sequence[dict[str, Any]], recipes: dict[str, str]) -> list[dict[str, Any]]:
    """The records whose recipe is still the one of today."""
    return [r for r in runs if r["recipe"] == recipes.get(r["way"])]


def compare(runs: Sequence[dict[str, Any]]) -> list[Comparison]:
    """Medians beside each other; nothing where one side has no run yet."""
    rows = []
    ours = [r for r in runs if r["way"] == "gpuwright"]
    for way, limit in TARGETS.items():
        theirs = [r for r in runs if r["way"] == way]
        if not ours or not theirs:
            continue
        rows.append(
            Comparison(
                "time to ready",
                statistics.median(r["seconds"] for r in ours),
                f"{way} ({len(ours)} and {len(theirs)} runs)",
                statistics.median(r["seconds"] for r in theirs),
                "s",
                limit,
                "ours/theirs",
                note="\n".join([describe(ours[-1]), describe(theirs[-1]), apart(ours, theirs)]),
            )
        )
    return rows


def describe(record: dict[str, Any]) -> str:
    """One run in one line: what is there at its end, so that like can be told from unlike."""
    there = record["installed"]
    steps = ", ".join(f"{k} {v:.0f}" for k, v in record["steps"].items())
    return (
        f"{record['way']}: {record['seconds']:.0f} s (load before {record['machine']['load']:.1f}; "
        f"{steps}); {there['modules'][0].split(',')[0]}, nvcc {there['nvcc']}, "
        f"cuDNN {there['cudnn'] or 'none'}, torch {there['torch']}; {len(there['packages'])} "
        f"packages of {there['packages_mb']} MB, {there['received_mb']} MB received, "
        f"{there['disk_mb']} MB on disk (apt's cache {there['apt_cache_mb']} MB)"
    )


def apart(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> str:
    """How the installed packages of the last run on each side differ, in words."""
    mine, other = (set(runs[-1]["installed"]["packages"]) for runs in (ours, theirs))
    parts = [f"{len(mine & other)} the same"]
    for names, where in ((mine - other, "gpuwright"), (other - mine, theirs[-1]["way"])):
        named = f" ({', '.join(sorted(names))})" if 0 < len(names) < 6 else ""
        parts.append(f"{len(names)} only by {where}{named}")
    return "packages: " + ", ".join(parts)

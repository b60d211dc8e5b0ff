"""What becomes of every release, GPU class and stack: carried out and how far, planned, refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

from stacks.catalog.read import Catalog
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import Resolution
from stacks.model.requests import Stack
from stacks.model.support import LEVELS, PartSupport
from stacks.resolve import resolve
from stacks.rules.support import FATAL


@dataclass(frozen=True)
class Cell:
    """One answer, to a host of which nothing else is known and whose host data ask for nothing."""

    stack: str
    release: str
    """``debian-12``; ``jetson-36.4.7`` for a Jetson."""
    arch: str
    gpus: str
    """A generation of GPUs: ``hopper``."""
    refused: str
    """Code of what speaks against it, first of all; empty: deploys carry the plan out."""
    planned: bool
    """Whether there is a plan, be it to be read only."""
    parts: tuple[PartSupport, ...]

    @property
    def words(self) -> str:
        """``live``, ``double: driver, cuda; plan: torch``, ``refused: GPU-118-BLACKWELL``."""
        if not self.planned:
            return f"refused: {self.refused}"
        if self.refused:
            return f"planned: {self.refused}"
        found = {
            level: [row.part for row in self.parts if row.level == level]
            for level in reversed(LEVELS)
        }
        said = {level: parts for level, parts in found.items() if parts}
        if len(said) == 1:
            return next(iter(said))
        return "; ".join(f"{level}: {', '.join(parts)}" for level, parts in said.items())


def cells(stacks: Iterable[Stack], catalog: Catalog) -> Iterator[Cell]:
    """Every cell: release × architecture × generation of GPUs × stack."""
    cards = one_each(catalog)
    boards = [f"jetson-{l4t}" for l4t in catalog.jetson.releases]
    for stack in stacks:
        for release, dist in catalog.distributions.items():
            for arch in dist.arches:
                for generation, card in cards.items():
                    profile = HostProfile(release, arch, gpus=(Gpu(card),))
                    answer = resolve(stack, profile, catalog)
                    yield _cell(stack, release, arch, generation, answer)
        for board in boards:
            l4t = board.removeprefix("jetson-")
            system = f"ubuntu-{catalog.jetson.lines[l4t.split('.')[0]].ubuntu}"
            for chip, card in _chips(catalog, l4t).items():
                profile = HostProfile(system, "aarch64", gpus=(Gpu(card),), jetson_l4t=l4t)
                answer = resolve(stack, profile, catalog)
                yield _cell(stack, board, "aarch64", chip, answer)


def one_each(catalog: Catalog) -> dict[str, str]:
    """Generation to the key of one GPU of it, of which the catalogue knows most."""
    found: dict[str, str] = {}
    for rows in (catalog.gpus.models.rows, catalog.known.models):
        for key, model in rows.items():
            if model.soc is None:
                found.setdefault(model.generation, key)
    return {name: found[name] for name in catalog.gpus.generations.rows if name in found}


def _chips(catalog: Catalog, l4t: str) -> dict[str, str]:
    """Chips of the boards of a Jetson Linux, to the key of the GPU in each."""
    socs = catalog.jetson.lines[l4t.split(".")[0]].socs
    rows = catalog.gpus.models.rows.items()
    return {model.soc: key for key, model in rows if model.soc is not None and model.soc in socs}


def _cell(stack: Stack, release: str, arch: str, gpus: str, answer: Resolution) -> Cell:
    plan = answer.plan
    if plan is None:
        return Cell(stack.name, release, arch, gpus, answer.conflicts[0].code, False, ())
    fatal = [notice.code for notice in plan.notices if notice.code in FATAL]
    refused = fatal[0] if fatal else ""
    return Cell(stack.name, release, arch, gpus, refused, True, plan.support_parts)


LEGEND = """\
live: carried out by this release's tests with the real packages, on a host
  that is what it says.
double: with stand-ins of their repository, or on a host that only presents as
  the release.
plan: planned and carried out by no test; the deploy does it, and says so
  before.
planned: a plan to be read; the deploy refuses the host by this code.
refused: no plan; the code of the first reason.
No level includes a GPU. A generation is asked about with one card of it, and a
host without host data: `explain` knows the others.
"""

_HOST, _GPUS, _WORDS = 21, 24, 30
"""Widths of the columns, in characters: 80 with the blanks between."""


def lines(found: Iterable[Cell]) -> Iterator[str]:
    """The table: a line for all GPUs of a host that get the same answer, or more if it is long."""
    above = ""
    for (stack, release, arch), row in _rows(found).items():
        if above != stack:
            yield f"{'' if not above else chr(10)}{stack}"
        above, host = stack, f"{release} {arch}"
        for words, gpus in row.items():
            columns = (wrap(", ".join(gpus), _GPUS), wrap(words, _WORDS))
            for kinds, answer in zip_longest(*columns, fillvalue=""):
                yield f"  {host:<{_HOST}} {kinds:<{_GPUS}} {answer}".rstrip()
                host = ""


def _rows(found: Iterable[Cell]) -> dict[tuple[str, str, str], dict[str, list[str]]]:
    rows: dict[tuple[str, str, str], dict[str, list[str]]] = {}
    for cell in found:
        row = rows.setdefault((cell.stack, cell.release, cell.arch), {})
        row.setdefault(cell.words, []).append(cell.gpus)
    return rows

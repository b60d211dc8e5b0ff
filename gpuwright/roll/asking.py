"""What hosts are asked in a roll: who they are, who uses their GPUs, whether they pass the gate.

Many are asked by one run of pyinfra. Where that gives no answer for a host, because another one
held it up or ended it, the host is asked alone.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gpuwright.roll.batches import AmountError
from gpuwright.roll.looks import Judged, Named, Seen
from gpuwright.roll.outcome import PASSED
from gpuwright.roll.process import Machine, Ran, Wanted
from stacks.model.plain import decoded, one_line

SURVEY = Path(__file__).parent / "survey_deploy.py"
_DIGITS = re.compile(r"([0-9]+)")
LIST_S = 600.0
"""To read an inventory: one of a cloud's interface may take its time."""
_CUT = "the answer was cut off"


@dataclass
class Asking:
    """Asks hosts of one inventory."""

    machine: Machine
    inventory: str
    options: Sequence[str]
    """pyinfra's own, as the user gave them."""
    logs: Path
    alone_at_once: int = 8
    _number: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def hosts(self, limits: Sequence[str]) -> list[Named]:
        """Hosts of the inventory in its order, without connecting to any.

        Args:
            limits: pyinfra's ``--limit`` and ``--exclude``.

        Raises:
            AmountError: The inventory cannot be read.
        """
        words = [*self.options, *limits, self.inventory, "debug-inventory"]
        log = self.logs / "inventory.log"
        ran = await self.machine.run(Wanted(words, None, log, LIST_S, only_list=True, answers=True))
        if ran.listed is None:
            why = ran.ended or ran.fatal or ran.last_line or f"exit status {ran.status}"
            raise AmountError(f"the inventory {self.inventory} cannot be read: {why} ({log})")
        named = [_named(each) for each in ran.listed]
        # pyinfra has the hosts of a function in the order of a set, another one each time (3.10.0).
        in_order = Path(self.machine.folder, self.inventory).exists()
        is_set = not in_order and not {",", "@"} & {*self.inventory}
        return sorted(named, key=_natural) if is_set else named

    async def look(self, names: Sequence[str], deadline_s: float) -> dict[str, Seen]:
        """Who uses these hosts' GPUs; every name has its answer."""
        told, ran = await self._asked("look", [str(SURVEY)], names, deadline_s)
        return {name: _seen(name, told.get(name), ran[name]) for name in names}

    async def judge(
        self, words: Sequence[str], names: Sequence[str], deadline_s: float
    ) -> dict[str, Judged]:
        """What a deploy that asks says of these hosts; every name has its answer.

        Args:
            words: The deploy and its data: ``["deploys/verify.py", "--data", "level=quick"]``.
            names: The hosts.
            deadline_s: For all of them together, and once more for each that is asked alone.
        """
        told, ran = await self._asked("gate", words, names, deadline_s)
        return {name: _judged(name, told.get(name), ran[name]) for name in names}

    async def _asked(
        self, what: str, words: Sequence[str], names: Sequence[str], deadline_s: float
    ) -> tuple[dict[str, Mapping[str, Any]], dict[str, Ran]]:
        if not names:
            return {}, {}
        log = self.logs / f"{what}-{next(self._number)}.log"
        ran = await self._run(words, names, log, deadline_s)
        told = _answers(ran)
        runs = dict.fromkeys(names, ran)
        left = [name for name in names if name not in told and _unclear(ran, name)]
        if len(names) > 1 and left and not self.machine.signal:
            places = asyncio.Semaphore(self.alone_at_once)

            async def alone(name: str) -> None:
                async with places:
                    runs[name] = await self._run(words, [name], log, deadline_s)
                told.update(_answers(runs[name]))

            await asyncio.gather(*map(alone, left))
        return told, runs

    async def _run(
        self, words: Sequence[str], names: Sequence[str], log: Path, deadline_s: float
    ) -> Ran:
        whole = ["-y", "--json", *self.options, self.inventory, *words]
        return await self.machine.run(Wanted(whole, names, log, deadline_s, answers=True))


def _natural(host: Named) -> list[tuple[int, str]]:
    """``gpu2`` before ``gpu10``."""
    parts = _DIGITS.split(host.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def _named(said: Mapping[str, Any]) -> Named:
    groups = said.get("groups")
    return Named(
        str(said.get("name")),
        str(said.get("address")),
        tuple(map(str, groups)) if isinstance(groups, list) else (),
    )


def _answers(ran: Ran) -> dict[str, Mapping[str, Any]]:
    """Host to its answer, from the last line that is a JSON object with ``hosts``."""
    for line in reversed(ran.said.splitlines()):
        if not line.startswith(b"{"):
            continue
        try:
            found = decoded(line)
        except ValueError:
            continue
        hosts = found.get("hosts") if isinstance(found, Mapping) else None
        if isinstance(hosts, Mapping):
            return {str(k): v for k, v in hosts.items() if isinstance(v, Mapping)}
    return {}


def _unclear(ran: Ran, name: str) -> bool:
    """Whether it is not known why there is no answer: one that was not reached is no riddle."""
    said = ran.reports.get(name)
    return said is None or (said.reached and not said.why)


def _why(name: str, told: Mapping[str, Any] | None, ran: Ran) -> str:
    said = ran.reports.get(name)
    own = told.get("why") if told is not None else None
    cut = "" if told is not None else f"{_CUT}: {ran.last_line or f'exit status {ran.status}'}"
    reported = said.why if said else ""
    return reported or (own if isinstance(own, str) else "") or ran.ended or ran.fatal or cut


def _seen(name: str, told: Mapping[str, Any] | None, ran: Ran) -> Seen:
    said = ran.reports.get(name)
    reached = (told is not None and "owners" in told) or (said is not None and said.reached)
    if told is None or not isinstance(owners := told.get("owners"), list):
        return Seen(name, reached, _why(name, told, ran) or _CUT)
    machine = told.get("machine")
    parts = tuple(map(str, machine)) if isinstance(machine, list) else ()
    return Seen(name, True, "", tuple(one_line(str(owner)) for owner in owners), parts)


def _judged(name: str, told: Mapping[str, Any] | None, ran: Ran) -> Judged:
    verdict = told.get("verdict") if told is not None else None
    if not isinstance(verdict, str):
        return Judged(False, "UNKNOWN", _why(name, told, ran) or _CUT)
    findings = (told or {}).get("findings")
    codes: list[str] = []
    for each in findings if isinstance(findings, list) else []:
        code = each.get("code") if isinstance(each, Mapping) else None
        if isinstance(code, str) and code not in codes:
            codes.append(code)
    why = ", ".join(codes[:8]) or _why(name, told, ran)
    return Judged(verdict in PASSED, one_line(verdict), one_line(why))

"""A roll from its first batch to its last one, or to where it stops by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from gpuwright import deploy
from gpuwright.roll import batches, outcome, times, turn
from gpuwright.roll.drains import DrainError
from gpuwright.roll.logs import name as log_name
from gpuwright.roll.looks import Judged, Seen
from gpuwright.roll.options import Settings
from gpuwright.roll.process import Wanted
from gpuwright.roll.state import Entry
from gpuwright.roll.turn import OURS, Work

_BEAT_S = 5.0


async def rolled(work: Work) -> None:
    """Take all hosts that are not done, batch after batch.

    Args:
        work: The roll; how far it came is in its file all the time.

    Raises:
        asyncio.CancelledError: A signal ends it; all runs of pyinfra have ended then.
    """
    async with _beating(work):
        for number in sorted({entry.batch for entry in work.roll.hosts.values()}):
            names = [
                name
                for name, entry in work.roll.hosts.items()
                if entry.batch == number and entry.state != outcome.DONE
            ]
            if names and not work.roll.stopped:
                await _batch(work, number, names)
            if work.roll.stopped:
                work.board.say(f"stops: {work.roll.stopped}", "red")
                break
    work.roll.save()


async def _batch(work: Work, number: int, names: Sequence[str]) -> None:
    many = 1 + max(entry.batch for entry in work.roll.hosts.values())
    canary = bool(work.settings.canary) and number == 0
    called = "the canary" if canary else f"batch {number + 1} of {many}"
    work.board.say(f"{called}: {times.hosts(len(names))}: {', '.join(names[:8])}"
                   f"{f' and {len(names) - 8} more' if len(names) > 8 else ''}")  # fmt: skip
    looked: dict[str, Seen] = {}
    if work.settings.busy != "ignore":
        looked = await work.look(list(names))

    async def one(name: str) -> None:
        await turn.taken(work, name, looked.get(name))
        _count(work)

    await asyncio.gather(*map(one, names))
    await _gate(work, [n for n in names if work.roll.hosts[n].state == outcome.RUNNING])
    for name in names:
        await given_back(work, name, work.roll.hosts[name])
    _count(work)
    if canary and (bad := [n for n in names if work.roll.hosts[n].state != outcome.DONE]):
        told = ", ".join(f"{name} is {work.roll.hosts[name].state}" for name in bad)
        work.roll.stopped = work.roll.stopped or f"a canary has to be done before others: {told}"
    work.roll.save()


def _count(work: Work) -> None:
    """Stop where more failed, or were not reached, than may."""
    hosts = work.roll.hosts
    failed = [name for name, entry in hosts.items() if entry.state in outcome.BAD]
    if batches.is_over(len(failed), len(hosts), work.settings.allowed) and not work.roll.stopped:
        allowed = batches.may_fail(len(hosts), work.settings.allowed)
        work.roll.stopped = (
            f"{len(failed)} of {len(hosts)} hosts failed or were not reached, and {allowed} may "
            f"(--fail-share {work.settings.fail_share})"
        )


async def _gate(work: Work, names: list[str]) -> None:
    """Hosts that pass are done; the others have failed."""
    if not names:
        return
    for name in names:
        work.board.at(name, f"gate {work.settings.gate}")
    try:
        judged = await _judged(work, names)
        work.went_on()
    except asyncio.CancelledError:
        for name in names:
            entry = work.roll.hosts[name]
            entry.state = outcome.INTERRUPTED
            entry.why = f"{outcome.BY_SIGNAL}{work.machine.signal} at the gate"
        work.roll.save()
        raise
    for name in names:
        entry, said = work.roll.hosts[name], judged[name]
        entry.state = outcome.DONE if said.passed else outcome.FAILED
        told = f"{said.verdict}{f': {said.why}' if said.why else ''}"
        entry.why = f"{entry.why}; gate {told}" if said.passed else f"gate {told}"
        work.board.over(name, entry)
    work.roll.save()


async def _judged(work: Work, names: list[str]) -> dict[str, Judged]:
    wanted = work.settings
    if not wanted.gate.endswith(".py"):
        words = [str(verify(wanted)), "--data", f"level={wanted.gate}"]
        return await work.asking.judge(words, names, wanted.gate_s)
    words = ["-y", *wanted.options, wanted.inventory, wanted.gate]

    async def one(name: str) -> Judged:
        async with work.places:
            log = work.roll.logs / log_name(name)
            ran = await work.machine.run(Wanted(words, [name], log, wanted.gate_s))
        end = outcome.of_run(ran.reports.get(name), ran.status, ran.ended, ran.step)
        passed = end.state == outcome.DONE
        return Judged(passed, "passed" if passed else end.state, "" if passed else end.why)

    return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))


def verify(wanted: Settings) -> Path:
    """The gate's deploy: the one beside the roll's own, or in the repository; else ours."""
    folder = Path(wanted.folder)
    ours = deploy.FOLDER if deploy.names() else Path(__file__).resolve().parents[2] / "deploys"
    places = (folder / wanted.deploy).parent, folder / "deploys", ours
    return next(place / "verify.py" for place in places if (place / "verify.py").is_file())


async def given_back(work: Work, name: str, entry: Entry) -> None:
    """Let a node have jobs again that this roll has drained; one that failed stays drained."""
    if work.scheduler is None or not entry.drained:
        return
    if entry.state not in (outcome.DONE, outcome.REFUSED, outcome.SKIPPED, outcome.WAITING):
        return
    try:
        node = work.nodes.of(name)
        standing = await work.scheduler.standing(node)
        if standing.ours:
            await work.scheduler.undrain(node)
        else:
            entry.foreign = standing.by
            if standing.by:
                work.board.say(f"{name}: drained by somebody else meanwhile: {standing.by}")
        entry.drained = ""
    except DrainError as error:
        entry.drained = OURS
        work.board.say(f"{name}: stays drained, for it could not be given back: {error}", "red")
    work.roll.save()


@contextlib.asynccontextmanager
async def _beating(work: Work) -> AsyncIterator[None]:
    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            work.board.beat()

    beating = asyncio.ensure_future(beat())
    try:
        yield
    finally:
        beating.cancel()

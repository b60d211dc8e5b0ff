"""``gpuwright roll``: from the command line to the exit status."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpuwright import deploy
from gpuwright.roll import batches, conductor, outcome, plan_text, secrets, state, summary
from gpuwright.roll import options as command_line
from gpuwright.roll.asking import Asking
from gpuwright.roll.batches import AmountError
from gpuwright.roll.board import Board
from gpuwright.roll.drains import DrainError, Nodes, Scheduler, Standing
from gpuwright.roll.kubernetes import Kubernetes
from gpuwright.roll.looks import Seen
from gpuwright.roll.options import USAGE, Settings
from gpuwright.roll.process import Machine
from gpuwright.roll.secrets import SecretError
from gpuwright.roll.slurm import Slurm
from gpuwright.roll.state import Entry, HeldError, Roll, StateError
from gpuwright.roll.turn import Work
from stacks.model.plain import block, plain

SIGNALS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "the end of its terminal",
}
_ASKED_AT_ONCE = 8


def main(words: Sequence[str]) -> int:
    """Roll; give the exit status, which `gpuwright.roll.options.parser` lists."""
    words = list(words)
    at = words.index("--") if "--" in words else len(words)
    said = command_line.parser().parse_args(words[:at])
    try:
        return _main(said, words[at + 1 :])
    except HeldError as error:
        return _refused(error, summary.HELD)
    except (AmountError, SecretError, StateError, DrainError, OSError) as error:
        return _refused(error, USAGE)


def _refused(error: Exception, status: int) -> int:
    print(plain(f"gpuwright roll: {error}"), file=sys.stderr)
    return status


def _main(said: argparse.Namespace, pyinfra: Sequence[str]) -> int:
    rolls = said.state or state.default_folder()
    if said.resume is None:
        wanted = command_line.settings(said, pyinfra, Path.cwd())
        roll = Roll("plan", rolls / "plan")
    else:
        roll = state.resumed(rolls, said.resume or (said.words[0] if len(said.words) == 1 else ""))
        wanted = command_line.of_data(roll.settings)
    known = secrets.read(wanted.secret)
    machine = Machine(Path(wanted.folder), known, roll.lock)
    rolling = _Rolling(said, wanted, rolls, roll, machine)
    try:
        return rolling.run()
    finally:
        rolling.roll.release()


@dataclass
class _Rolling:
    """One call of the command."""

    said: argparse.Namespace
    wanted: Settings
    rolls: Path
    roll: Roll
    machine: Machine
    number: int = 0
    """Of the signal that ends it."""

    def run(self) -> int:
        loop = asyncio.new_event_loop()
        try:
            task = loop.create_task(self._go())
            for number in SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    loop.add_signal_handler(number, self._signalled, number, task)
            return loop.run_until_complete(task)
        except asyncio.CancelledError:
            return self._interrupted()
        finally:
            loop.close()

    def _signalled(self, number: signal.Signals, task: asyncio.Task[int]) -> None:
        if self.number:
            os._exit(128 + number)
        self.number, self.machine.signal = number, SIGNALS[number]
        task.cancel()

    async def _go(self) -> int:
        begins = self.said.resume is None
        logs = self.roll.logs
        if begins:
            # The roll has no folder of its own before it is begun.
            logs = self.rolls / f"plan-{os.getpid()}"
        asking = self._asking(logs)
        try:
            await self._planned(asking, begins)
            if self.said.plan or not await self._agreed():
                print("nothing was changed", file=sys.stderr)
                return summary.ALL_DONE
        finally:
            if begins:
                _removed(logs)
        if begins:
            self.roll = state.begin(self.rolls, self.wanted.as_data(), self.roll.hosts)
            self.machine.lock = self.roll.lock
        for entry in filter(_is_open, self.roll.hosts.values()):
            entry.state, entry.why = outcome.WAITING, ""
        self._say([f"roll {self.roll.id}, files in {self.roll.folder}"])
        await self._roll()
        return self._told()

    async def _planned(self, asking: Asking, begins: bool) -> None:
        named = {each.name: each for each in await asking.hosts(self.wanted.limits)}
        if not named:
            raise AmountError(f"the inventory {self.wanted.inventory} has no host that fits")
        hosts = self.roll.hosts
        todo = [n for n in (named if begins else hosts) if begins or _is_open(hosts[n])]
        there = [name for name in todo if name in named]
        seen: dict[str, Seen] = {}
        if self.wanted.busy != "ignore":
            seen = await asking.look(there, conductor.turn.LOOK_S)
            if self.machine.signal:
                raise asyncio.CancelledError
        if begins:
            busy = {name for name, look in seen.items() if look.owners}
            split = batches.split(todo, self.wanted.canary, self.wanted.batch_sizes, busy)
            for number, names in enumerate(split):
                for name in names:
                    hosts[name] = Entry(batch=number, address=named[name].address)
            state.free_of_others(self.rolls, hosts)
        standings = await self._standings(there)
        self._say(plan_text.lines(self.wanted, hosts, seen, standings))

    async def _standings(self, names: Sequence[str]) -> dict[str, Standing | str]:
        scheduler, nodes = self._scheduler(), self._nodes()
        places = asyncio.Semaphore(_ASKED_AT_ONCE)

        async def one(name: str) -> Standing | str:
            async with places:
                try:
                    assert scheduler is not None
                    return await scheduler.standing(nodes.of(name))
                except DrainError as error:
                    return str(error)

        if scheduler is None:
            return {}
        return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))

    async def _roll(self) -> None:
        with Board(self.roll.hosts) as board:
            work = Work(
                self.roll,
                self.wanted,
                self.machine,
                self._asking(self.roll.logs),
                board,
                self._nodes(),
                self._scheduler(),
                asyncio.Semaphore(self.wanted.at_once),
            )
            await conductor.rolled(work)

    def _asking(self, logs: Path) -> Asking:
        wanted = self.wanted
        return Asking(self.machine, wanted.inventory, wanted.options, logs, _ASKED_AT_ONCE)

    def _nodes(self) -> Nodes:
        return Nodes(self.wanted.full_names, self.wanted.nodes)

    def _scheduler(self) -> Scheduler | None:
        words = shlex.split(self.wanted.drain_command)
        if self.wanted.drain == "slurm":
            return Slurm(self.roll.id, words or ("scontrol",))
        if self.wanted.drain == "kubernetes":
            return Kubernetes(self.roll.id, words or ("kubectl",))
        return None

    async def _agreed(self) -> bool:
        if self.said.yes or not sys.stdin.isatty() or not sys.stderr.isatty():
            return True
        many = sum(map(_is_open, self.roll.hosts.values()))
        print(plan_text.asked(self.wanted, many), end="", file=sys.stderr, flush=True)
        # A read that blocks would keep Ctrl-C waiting for its line.
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        loop.add_reader(sys.stdin.fileno(), asked.set)
        try:
            await asked.wait()
        finally:
            loop.remove_reader(sys.stdin.fileno())
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _interrupted(self) -> int:
        if self.roll.folder.is_dir() and self.roll.lock is not None:
            self.roll.save()
            self._told()
            self._say([f"ended by {self.machine.signal}; no run of pyinfra goes on"])
        else:
            self._say([f"ended by {self.machine.signal} before anything was changed"])
        return 128 + self.number

    def _told(self) -> int:
        """Print the summary; give the exit status."""
        hosts, stopped = self.roll.hosts, self.roll.stopped
        status = 128 + self.number if self.number else summary.status(hosts, stopped)
        self._say(summary.lines(self.wanted, hosts, stopped, self._resume(), self._undrain))
        if self.said.json:
            print(json.dumps(summary.data(self.roll.id, hosts, stopped, status)))
        return status

    def _resume(self) -> str:
        words = ["gpuwright"] if deploy.names() else ["python", "-m", "gpuwright"]
        place = ["--state", str(self.said.state)] if self.said.state else []
        return shlex.join([*words, "roll", "--resume", self.roll.id, *place])

    def _undrain(self, host: str) -> str:
        scheduler = self._scheduler()
        return scheduler.undrain_command(self._nodes().of(host)) if scheduler else ""

    def _say(self, lines: Sequence[str]) -> None:
        print(block(lines), file=sys.stderr, flush=True)


def _is_open(entry: Entry) -> bool:
    return entry.state != outcome.DONE


def _removed(folder: Path) -> None:
    for file in folder.glob("*.log*") if folder.is_dir() else ():
        file.unlink()
    if folder.is_dir():
        folder.rmdir()

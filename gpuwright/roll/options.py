"""The command line of ``gpuwright roll``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from gpuwright.roll import secrets, times
from gpuwright.roll.batches import AmountError, Size, share, sizes
from stacks.model.plain import one_line

USAGE = 64
_LEVELS = ("quick", "standard", "burn-in")
_OURS = {
    "-y": "the plan is printed, and a terminal asked: -y of the roll itself comes before the --",
    "--yes": "the plan is printed, and a terminal asked: -y of the roll itself comes before the --",
    "--dry": "--plan shows what the roll would do",
    "--json": "--json of the roll itself comes before the --",
    "--limit": "--limit of the roll itself comes before the --",
    "--exclude": "--exclude of the roll itself comes before the --",
    "--serial": "--batches 1 takes one host after the other",
    "--parallel": "--at-once says how many hosts are worked on",
    "--fail-percent": "--fail-share says how many hosts may fail",
    "--no-wait": "every host of a roll has a run of its own, and waits for no other",
    "--ssh-password-prompt": "nobody answers for each host: --secret ssh_password=env:VARIABLE",
    "--use-sudo-password": "nobody answers for each host: --secret _sudo_password=env:VARIABLE",
    "--same-sudo-password": "nobody answers for each host: --secret _sudo_password=env:VARIABLE",
    "--chdir": "call gpuwright in that folder",
}
"""Options of pyinfra that a roll has its own for."""


@dataclass(frozen=True)
class Settings:
    """What a roll is asked for; all of it is written down, and taken up again by ``--resume``."""

    deploy: str = ""
    inventory: str = ""
    folder: str = ""
    """In which it was called."""
    options: list[str] = field(default_factory=list)
    """pyinfra's own."""
    limit: list[str] = field(default_factory=list)
    exclude: list[str] = field(default_factory=list)
    batches: str = "1,10%,25%"
    canary: list[str] = field(default_factory=list)
    fail_share: str = "0.1"
    gate: str = "quick"
    drain: str = "none"
    drain_command: str = ""
    node: list[str] = field(default_factory=list)
    full_names: bool = False
    foreign: str = "skip"
    busy: str = "wait"
    busy_limit: str = "30m"
    deadline: str = "2h"
    gate_deadline: str = "15m"
    window: str = ""
    at_once: int = 10
    secret: list[str] = field(default_factory=list)

    @property
    def limits(self) -> list[str]:
        """Options of pyinfra that choose hosts."""
        return [
            *(word for each in self.limit for word in ("--limit", each)),
            *(word for each in self.exclude for word in ("--exclude", each)),
        ]

    @property
    def batch_sizes(self) -> tuple[Size, ...]:
        """Of the batches."""
        return sizes(self.batches)

    @property
    def allowed(self) -> Fraction:
        """Of hosts that may fail."""
        return share(self.fail_share)

    @property
    def deadline_s(self) -> int:
        """For one host's run."""
        return times.seconds(self.deadline, "--deadline")

    @property
    def gate_s(self) -> int:
        """For a batch's gate."""
        return times.seconds(self.gate_deadline, "--gate-deadline")

    @property
    def busy_s(self) -> int:
        """For a host in use."""
        return times.seconds(self.busy_limit, "--busy-limit")

    @property
    def hours(self) -> times.Window | None:
        """In which hosts are touched; None: whenever."""
        return times.window(self.window) if self.window else None

    @property
    def nodes(self) -> dict[str, str]:
        """Hosts that a scheduler calls otherwise."""
        return dict(tuple(each.split("=", 1)) for each in self.node)  # type: ignore[misc]

    def as_data(self) -> dict[str, Any]:
        """For the file."""
        return asdict(self)


def of_data(said: Mapping[str, Any]) -> Settings:
    """Settings from a roll's file; what is missing, or of another kind, has its default.

    Raises:
        AmountError: They make no sense any more.
    """
    plain = Settings()
    known: dict[str, Any] = {}
    for each in fields(Settings):
        value = said.get(each.name)
        if type(value) is not type(getattr(plain, each.name)):
            continue
        if not isinstance(value, list) or all(isinstance(one, str) for one in value):
            known[each.name] = value
    return checked(Settings(**known))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {one_line(message)}\n")


def parser() -> argparse.ArgumentParser:
    """The options; their defaults are those of `Settings`."""
    default = Settings()
    made = _Parser(
        prog="gpuwright roll",
        description="One deploy over many hosts, in batches that stop by themselves: docs/roll.md.",
        epilog="Behind -- stand pyinfra's own options. Exit status: 0 all hosts are done; 1 some "
        "were refused or skipped; 2 some failed or were not reached; 3 the roll stopped before its "
        "end; 64 the command line; 75 another roll is at work there; 130, 143 ended by a signal.",
    )
    made.add_argument("words", nargs="*", metavar="DEPLOY INVENTORY")
    add = made.add_argument
    add("--plan", "--dry", action="store_true", help="print the plan and end; hosts are read only")
    add("-y", "--yes", action="store_true", help="do not ask at a terminal")
    add("--resume", nargs="?", const="", metavar="ID", help="go on with all that is not done")
    add("--batches", default=default.batches, metavar="1,10%%,25%%", help="sizes; the last goes on")
    add("--canary", action="append", default=[], metavar="HOST", help="goes first; repeat, or a,b")
    add("--fail-share", default=default.fail_share, metavar="0.1", help="more ends the roll")
    add("--gate", default=default.gate, help="quick, standard, burn-in, none, or a deploy")
    add("--gate-deadline", default=default.gate_deadline, metavar="15m", help="of a batch")
    add("--deadline", default=default.deadline, metavar="2h", help="of one host's run")
    add("--at-once", type=int, default=default.at_once, metavar="10", help="runs of pyinfra")
    add("--busy", choices=("wait", "skip", "ignore"), default=default.busy, help="GPUs in use")
    add("--busy-limit", default=default.busy_limit, metavar="30m", help="then it is skipped")
    add("--drain", choices=("none", "slurm", "kubernetes"), default=default.drain)
    add("--drain-command", default="", metavar="WORDS", help='"ssh head scontrol", say')
    add("--drained", dest="foreign", choices=("skip", "roll"), default=default.foreign,
        help="hosts that somebody else has drained; they stay drained")  # fmt: skip
    add("--node", action="append", default=[], metavar="HOST=NODE", help="the scheduler's name")
    add("--full-names", action="store_true", help="the scheduler knows hosts by whole names")
    add("--window", default="", metavar='"Mon-Fri 22:00-06:00"', help="hours to touch hosts in")
    add("--limit", action="append", default=[], metavar="PATTERN", help="pyinfra's; repeat")
    add("--exclude", action="append", default=[], metavar="PATTERN", help="pyinfra's; repeat")
    add("--secret", action="append", default=[], metavar="NAME=env:VARIABLE",
        help="also NAME=file:PATH, NAME=command:WORDS; repeat")  # fmt: skip
    add("--state", type=Path, metavar="FOLDER", help="where rolls are kept")
    add("--json", action="store_true", help="the summary as JSON, on the standard output")
    return made


def settings(said: argparse.Namespace, options: Sequence[str], folder: Path) -> Settings:
    """What the command line asks for.

    Raises:
        AmountError: It makes no sense.
        SecretError: A secret stands in it.
    """
    if len(said.words) != 2:
        raise AmountError("name a deploy and an inventory: deploys/gpu_host.py inventories/lab.py")
    names = {each.name for each in fields(Settings)} & set(vars(said))
    known = {name: getattr(said, name) for name in names}
    known["canary"] = [name.strip() for each in said.canary for name in each.split(",")]
    deploy, inventory = said.words
    made = Settings(
        **known, deploy=deploy, inventory=inventory, folder=str(folder), options=list(options)
    )
    return checked(made)


def checked(made: Settings) -> Settings:
    """The same; raises `AmountError` or `SecretError` where it makes no sense."""
    _no_secret_in(made.options)
    for source in made.secret:
        secrets.parted(source)
    if not made.deploy.endswith(".py") or not (Path(made.folder) / made.deploy).is_file():
        raise AmountError(f"there is no deploy {made.deploy}")
    if made.inventory.startswith("-"):
        raise AmountError(f"{made.inventory} is no inventory; pyinfra's options stand behind --")
    if made.gate not in (*_LEVELS, "none") and not made.gate.endswith(".py"):
        raise AmountError(f"--gate {made.gate}: quick, standard, burn-in, none, or a deploy's file")
    if made.at_once < 1:
        raise AmountError("--at-once is 1 at least")
    if wrong := [each for each in made.node if not all(each.partition("="))]:
        raise AmountError(f"--node {wrong[0]}: HOST=NODE")
    _ = (made.batch_sizes, made.allowed, made.busy_s, made.gate_s)
    if made.deadline_s < 1 or made.gate_s < 1:
        raise AmountError("a deadline is one second at least")
    if (hours := made.hours) and hours.length_s < made.deadline_s:
        raise AmountError(
            f"--window {made.window!r} is shorter than a host's --deadline {made.deadline}: "
            f"no host could begin in it; --deadline {hours.length_s // 120}m, say"
        )
    return made


def _no_secret_in(options: Sequence[str]) -> None:
    before = ""
    for word in options:
        name, _, _ = word.partition("=")
        if name in _OURS:
            raise AmountError(f"{name}: {_OURS[name]}")
        is_data = before == "--data" or name == "--data"
        key = (word.partition("=")[2] if name == "--data" else word).partition("=")[0]
        if secrets.looks_like_one(key if is_data else name if name.startswith("--") else ""):
            wanted = key if is_data else name.lstrip("-").replace("-", "_")
            raise AmountError(
                f"{key if is_data else name} would stand in lists of processes and in the roll's "
                f"file: --secret {wanted}=env:VARIABLE, or file:PATH, or command:WORDS"
            )
        before = word

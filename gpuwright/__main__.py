"""``gpuwright``: a team's own repository, and what another release would change there."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gpuwright import adopting, difference, layout, locking, release
from gpuwright.roll import command as rolling
from stacks.locking.wheels import LockError
from stacks.model.plain import one_line, plain
from tasks import __version__

OK, FAILED, DIFFERS = 0, 1, 2
_FIND = "a folder with wheels, beside the index; repeat"


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    whole = argparse.ArgumentParser(
        prog="gpuwright", description="GPU hosts from a repository of your own."
    )
    whole.add_argument("--version", action="version", version=__version__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("version", help="the release that is installed")

    init = commands.add_parser("init", help="lay out a repository; nothing is overwritten")
    init.add_argument("folder", type=_folder, metavar="FOLDER")
    init.add_argument("--no-lock", action="store_true", help="write no requirements.lock")

    lock = commands.add_parser("lock", help="write requirements.lock from requirements.in")

    upgrade = commands.add_parser(
        "upgrade", help="what another release plans otherwise; hosts are read, nothing is changed"
    )
    upgrade.add_argument("--to", metavar="VERSION", help="the release; without it, the newest")
    upgrade.add_argument(
        "--python", metavar="FILE", help="the Python of an environment that has the release"
    )
    upgrade.add_argument(
        "--like",
        action="append",
        default=[],
        metavar="WORDS",
        help='a host that is described: "pytorch-2.9 --os debian-12 --gpu h100"; repeat',
    )
    upgrade.add_argument(
        "words", nargs="*", metavar="INVENTORY", help="an inventory; after --, options of pyinfra"
    )
    adopt = commands.add_parser(
        "adopt", help="a stack and host data from hosts made by hand; they are read alone"
    )
    adopt.add_argument("--inventory", metavar="FILE", help="knows the hosts' names")
    adopt.add_argument("--folder", metavar="FOLDER", help="for what is written: adopted")
    adopt.add_argument(
        "words", nargs="+", metavar="HOST", help="a host; after --, options of pyinfra"
    )
    # Its own options are read by `gpuwright.roll.options`, and it ends with another status.
    commands.add_parser("roll", add_help=False, help="one deploy over many hosts, in batches")
    for command in (init, lock, upgrade):
        command.add_argument(
            "--find-links", action="append", default=[], metavar="FOLDER", help=_FIND
        )
    return whole


def _folder(said: str) -> Path:
    """A folder by its name. An empty one, as of an unset variable, is not the current folder."""
    if not said.strip():
        raise argparse.ArgumentTypeError("no folder is named; the current one is .")
    return Path(said)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; give its exit status: 0, 1 where it failed, 2 where plans differ.

    That of ``adopt`` is its deploy's: 0 adopted whole, 1 partly, 2 not, 3 a host was not read; that
    of ``roll`` says `gpuwright.roll.options.parser`.
    """
    given = list(sys.argv[1:] if words is None else words)
    if given[:1] == ["roll"]:
        return rolling.main(given[1:])
    said = parser().parse_args(given)
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "adopt": _adopt,
        "init": _init,
        "lock": _lock,
        "upgrade": _upgrade,
        "version": _version,
    }
    try:
        return commands[said.command](said)
    except (
        *(adopting.AdoptError, layout.LayoutError, LockError),
        *(release.ReleaseError, OSError),
    ) as error:
        print(plain(f"gpuwright {said.command}: {error}"), file=sys.stderr)
        return FAILED


def _adopt(said: argparse.Namespace) -> int:
    return adopting.run(said.words, said.inventory, said.folder)


def _version(said: argparse.Namespace) -> int:
    print(__version__)
    return OK


def _init(said: argparse.Namespace) -> int:
    folder: Path = said.folder
    done = layout.lay_out(folder, layout.wanted(_installed(), locking.own_wheel()))
    for path in done.written:
        print(f"written  {path}")
    for path in done.kept:
        print(f"kept     {path} (it says something else; nothing is overwritten)")
    if done.same:
        print(f"{len(done.same)} files are there already")
    place = f"./{folder}" if str(folder).startswith("-") else str(folder)
    going = "" if place == "." else f"cd {shlex.quote(place)}"
    there = f"{going} && " if going else ""
    if said.no_lock:
        print(f"no {locking.LOCK} yet: {there}gpuwright lock")
    elif "requirements.in" in done.written or not (folder / locking.LOCK).exists():
        try:
            locking.write(folder, locking.places(folder, said.find_links))
        except LockError as error:
            raise LockError(
                f"{error}\nThe files are written, {locking.LOCK} is not. Once the index answers: "
                f"{there}gpuwright lock; with wheels that it has not: --find-links FOLDER"
            ) from error
        print(f"written  {locking.LOCK}")
    print(f"next: {f'{going}, ' if going else ''}name your hosts in {layout.LAB}, then")
    print(f"  pyinfra {layout.LAB} deploys/plan.py        # what they would get; reads only")
    print(f"  pyinfra {layout.LAB} deploys/gpu_host.py")
    return OK


def _installed() -> str:
    try:
        return importlib.metadata.version("gpuwright")
    except importlib.metadata.PackageNotFoundError:
        return __version__


def _lock(said: argparse.Namespace) -> int:
    changed = locking.write(Path(), locking.places(Path(), said.find_links))
    print(f"{locking.LOCK}: {'written' if changed else 'unchanged'}")
    return OK


def _upgrade(said: argparse.Namespace) -> int:
    if not said.words and not said.like:
        raise release.ReleaseError(
            "no host is named: gpuwright upgrade inventories/lab.py, or --like "
            '"pytorch-2.9 --os debian-12 --gpu h100"'
        )
    folder = Path()
    with _other(said, folder) as python:
        then = release.version(python)
        print(f"installed: {__version__}, compared with: {then}")
        found: list[difference.Host] = []
        for like in said.like:
            described = [
                {like: release.of_described(each, folder, shlex.split(like))}
                for each in (sys.executable, python)
            ]
            found += difference.hosts(*described)
        if said.words:
            read = [
                release.of_inventory(each, folder, said.words) for each in (sys.executable, python)
            ]
            found += difference.hosts(*read)
    for host in found:
        print("\n".join(_told(host)))
    print("nothing was changed")
    if not all(host.known for host in found):
        return FAILED
    if all(host.same for host in found):
        print(f"{then} plans the same for {len(found)} of {len(found)} hosts")
        return OK
    print(f"to take it: gpuwright=={then} in requirements.in, then make lock env")
    return DIFFERS


@contextlib.contextmanager
def _other(said: argparse.Namespace, folder: Path) -> Iterator[str]:
    if said.python:
        yield said.python
        return
    wanted = f"gpuwright=={said.to}" if said.to else "gpuwright"
    with release.elsewhere(wanted, folder, locking.places(folder, said.find_links)) as python:
        yield python


def _told(host: difference.Host) -> list[str]:
    if not host.known:
        return [f"{host.name}: not compared: before {host.before}, after {host.after}"]
    if host.same:
        return [f"{one_line(host.name)}: the same {host.before}"]
    lines = [f"{one_line(host.name)}: {host.before} -> {host.after}"]
    lines += [f"  {one_line(line)}" for line in host.changes]
    lines += [f"  conflict {one_line(line)}" for line in host.conflicts]
    if host.steps:
        lines.append("  the deploy would then do:")
        lines += [f"    {line}" for line in host.steps]
    return lines


if __name__ == "__main__":
    sys.exit(main())

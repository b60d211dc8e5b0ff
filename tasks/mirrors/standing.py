"""How the mirrors of each host stand in a run: chosen, next, recorded.

What host data say of mirrors is narrowed to the chosen one of each kind, so that whatever reads
them afterwards, the resolver first of all, sees one address per kind, as where a person named one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from pyinfra import logger
from pyinfra.api import StringCommand
from pyinfra.api.host import Host

from facts.model.host import HostState
from stacks.catalog.mirrors import UPSTREAM
from tasks.hostdata import mirrors as mirror_data
from tasks.layout import RECORD
from tasks.mirrors import choice as choices
from tasks.mirrors.choice import Choice
from tasks.steps.record import HostRecord, read, record_script
from tasks.steps.step import Commands, host_state, step, this_host


@dataclass(frozen=True)
class Ways:
    """Where a job goes on when the mirror that was chosen fails while it runs, in order."""

    indexes: tuple[tuple[str, str], ...] = ()
    """The index for all packages and the one that has torch, as plans have them; empty: uv's."""
    cuda: tuple[str, ...] = ()
    """Bases of the toolkit's tarballs."""
    cudnn: tuple[str, ...] = ()


_choices: WeakKeyDictionary[Host, dict[str, Choice]] = WeakKeyDictionary()
_ways: WeakKeyDictionary[Host, Ways] = WeakKeyDictionary()


def begin(host: Host, state: HostState) -> None:
    """Narrow the host's data to the mirrors that it took last, else to the preferred ones.

    Nobody is asked.

    Raises:
        ValueError: Host data are not as expected.
    """
    if host in _choices:
        return
    found = mirror_data.candidates(host.data)
    noted = recorded(state)
    _choices[host] = {
        kind: choices.unasked(kind, candidates, noted.get(kind))
        for kind, candidates in found.items()
    }
    _narrow(host)


def recorded(state: HostState) -> Mapping[str, str]:
    """What the host's record says was taken, by kind: addresses without a login."""
    noted = read(HostRecord, state.record).mirrors or {}
    return {kind: said for kind, said in noted.items() if isinstance(said, str)}


def of_host(host: Host) -> Mapping[str, Choice]:
    """The choices of a host, by kind; empty where its data name no mirror."""
    return _choices.get(host, {})


def go_round(host: Host, ways: Ways) -> None:
    """Let jobs of this host go on in these ways."""
    _ways[host] = ways


def ways(host: Host) -> Ways:
    """Where jobs of this host go on; nowhere, where nothing is to be chosen."""
    return _ways.get(host, Ways())


def take(host: Host, made: Iterable[Choice]) -> None:
    """Let these choices count from here on, and say them with their figures."""
    for one in made:
        _choices[host][one.kind] = one
        for line in choices.lines(one):
            logger.info(f"{host.print_prefix}{line}")
    _narrow(host)


def failed(host: Host, kind: str, why: str) -> bool:
    """Give up the chosen mirror of a kind, and say so; whether there is a next one."""
    before = of_host(host).get(kind)
    if before is None or before.chosen is None or not before.left[1:]:
        return False
    after = before.without(why)
    logger.warning(f"{host.print_prefix}{choices.next_line(before, after, why)}")
    _choices[host][kind] = after
    _narrow(host)
    return True


def _narrow(host: Host) -> None:
    made = of_host(host)
    if not made:
        return
    host.data.mirrors = {
        kind: [one.word for one in choice.left]
        if kind == "registry"  # Docker takes them all, in their order
        else (choice.chosen.word if choice.chosen else UPSTREAM)
        for kind, choice in made.items()
    }


@step
def noted() -> Commands:
    """Note on the host which of several mirrors it takes, so that the next run keeps to them."""
    state, host = host_state(), this_host()
    taken = {
        kind: one.chosen.shown
        for kind, one in of_host(host).items()
        # What nobody has asked yet is no choice to keep to.
        if one.chosen and kind != "registry" and (one.judged or one.kept)
    }
    if not taken or taken == dict(recorded(state)):
        return
    now = read(HostRecord, state.record)
    yield StringCommand(record_script(RECORD, replace(now, mirrors=taken)))

"""Ask the archives of a host's own sources, and keep what they said for the time of the run."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from facts.archives import ArchiveAnswers
from facts.model.host import HostState
from facts.parse.archives import ArchiveAnswer
from tasks.repositories import archive_answers, strangers
from tasks.steps import around
from tasks.steps.step import fact

_said: WeakKeyDictionary[Host, tuple[ArchiveAnswer, ...]] = WeakKeyDictionary()


def asked(host: Host, state: HostState) -> tuple[ArchiveAnswer, ...]:
    """What the archives answer; jobs of the host then go on without those of others.

    Raises:
        ValueError: Host data ``proxy`` could not be put on the host.
    """
    places = archive_answers.to_ask(state)
    if not places:
        return ()
    found: tuple[ArchiveAnswer, ...] | None = fact(
        ArchiveAnswers,
        archives=tuple((source.file, uri, suite) for source, uri, suite in places),
        surroundings=around.file(host),
    )
    _said[host] = found or ()  # None: the host was lost, and pyinfra has said so
    around.tolerate(host, strangers.of_host(identified(host, state)))
    return _said[host]


def identified(host: Host, state: HostState) -> HostState:
    """The state, with what the archives said in this run where apt has not read them yet."""
    return archive_answers.identified(state, _said.get(host, ()))

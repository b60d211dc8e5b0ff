"""Archives of the host's own sources, asked before anything is done: who is it, does it live. Pure.

Asked only while something of the plan is still to come out of them: a later run makes no further
round trip.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from facts.model.host import HostState
from facts.model.packages import AptSource
from facts.parse import releases
from facts.parse.archives import ArchiveAnswer
from stacks.model.messages import Conflict, Notice
from tasks.repositories import archive_identity

MOST = 24
"""Archives that are asked at most; each of them is a process of the host."""
_ASKED = ("http://", "https://", "ftp://")
Place = tuple[AptSource, str, str]
"""A source, and an address and a suite of it."""


def to_ask(state: HostState) -> tuple[Place, ...]:
    """Archives of the network, each once; those of our own files are asked by their keys."""
    found: dict[str, Place] = {}
    for source in state.package_manager.sources:
        if source.file.startswith(archive_identity.OURS):
            continue
        if source.options.get("trusted", "no") == "yes" and not _may_be_own(state, source):
            continue  # it may have no Release file at all
        for uri in source.uris:
            for suite in source.suites:
                name = archive_identity.named(uri, suite)
                if uri.startswith(_ASKED) and "$(" not in uri + suite:
                    found.setdefault(name, (source, uri, suite))
    # The distribution's own come first, should there be too many.
    own = sorted(found.values(), key=lambda place: not archive_identity.own(state, *place))
    return tuple(own[:MOST])


def identified(state: HostState, answers: Iterable[ArchiveAnswer]) -> HostState:
    """The state, with what archives say of themselves where apt has no Release file of them yet."""
    known = dict(state.package_manager.releases)
    for answer in answers:
        if answer.release is not None:
            known.setdefault(releases.stem(answer.uri, answer.suite), answer.release)
    return replace(state, package_manager=replace(state.package_manager, releases=known))


def conflicts(state: HostState, answers: Iterable[ArchiveAnswer]) -> tuple[Conflict, ...]:
    """ARCHIVE-UNREACHABLE: archives without which nothing of the distribution can be installed."""
    found = [
        Conflict(
            "ARCHIVE-UNREACHABLE",
            f"the host cannot read an archive that it needs, {archive_identity.named(uri, suite)}",
            f"{source.place} names it; apt's own program says: {why}",
            (
                "try it on the host: apt-get update; it may need a proxy (host data proxy: "
                "http://host:port), a name server, or other words in that file",
                f"if nothing of it is needed, take it out of {source.place}",
            ),
            "sources.list(5)",
        )
        for source, uri, suite, why, stranger in _silent(state, answers)
        if not stranger
    ]
    return tuple(found)


def notices(state: HostState, answers: Iterable[ArchiveAnswer]) -> tuple[Notice, ...]:
    """SOURCE-DEAD: archives of others that do not answer; a run goes on without them."""
    return tuple(
        Notice(
            "SOURCE-DEAD",
            f"An archive of somebody else cannot be read: {archive_identity.named(uri, suite)}.",
            f"{source.place} names it; apt's own program says: {why}. Nothing is taken from it.",
            f"Repair or remove the entry at {source.place}: until then every apt-get update "
            "of this host ends with an error.",
            "sources.list(5)",
        )
        for source, uri, suite, why, stranger in _silent(state, answers)
        if stranger
    )


def _silent(
    state: HostState, answers: Iterable[ArchiveAnswer]
) -> Iterator[tuple[AptSource, str, str, str, bool]]:
    """Archives that did not answer: source, address, suite, why, and whether nobody needs it."""
    places = {(uri, suite): source for source, uri, suite in to_ask(state)}
    strangers = {(uri, suite) for _, uri, suite in archive_identity.strangers(state)}
    for answer in answers:
        place = (answer.uri, answer.suite)
        if answer.release is None and place in places:
            yield places[place], *place, answer.why, place in strangers


def _may_be_own(state: HostState, source: AptSource) -> bool:
    return any(archive_identity.in_release(state)(s) for s in source.suites)

"""Archives are asked before anything is done: the host's own must answer, others need not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.packages import Release
from facts.parse.apt import one_line
from facts.parse.archives import ArchiveAnswer
from tasks.repositories import archive_answers, archives
from tests.unit.tasks.a_host import source
from tests.unit.tasks.repositories.test_archive_identity import (
    BASE,
    DEBIAN,
    OTHER,
    WANTED,
    host,
    read,
)

URI = BASE.uris[0]
DEAD = ArchiveAnswer(OTHER.uris[0], "bookworm", None, "401  Unauthorized")


def test_dead_archive_of_somebody_else_is_named_and_stops_nothing() -> None:
    state = host(read(BASE, DEBIAN), BASE, OTHER)
    assert archive_answers.conflicts(state, [DEAD]) == ()
    (found,) = archive_answers.notices(state, [DEAD])
    assert found.code == "SOURCE-DEAD"
    assert "/etc/apt/sources.list.d/company.list:1" in found.why and "401" in found.why


def test_dead_archive_of_the_distribution_is_refused_with_its_line() -> None:
    state = host(read(BASE, DEBIAN), replace(BASE, line=4))
    silent = [ArchiveAnswer(URI, "bookworm", None, "Could not resolve 'archive.example.org'")]
    (found,) = archive_answers.conflicts(state, silent)
    assert found.code == "ARCHIVE-UNREACHABLE"
    assert "/etc/apt/sources.list:4" in found.why and "Could not resolve" in found.why
    assert archive_answers.notices(state, silent) == ()


def test_fresh_image_knows_its_archives_by_what_they_answer() -> None:
    state = host({}, replace(BASE, file="/etc/apt/sources.list.d/mirror.list"), OTHER)
    assert archives.extended(state, WANTED) == [], "nothing is known yet"
    said = [ArchiveAnswer(URI, "bookworm", DEBIAN), DEAD]
    known = archive_answers.identified(state, said)
    assert [s.uris for s in archives.extended(known, WANTED)] == [BASE.uris]
    assert archive_answers.conflicts(known, said) == ()
    assert len(archive_answers.notices(known, said)) == 1


def test_fresh_image_whose_stranger_answers_with_its_own_name_leaves_it_alone() -> None:
    stranger = ArchiveAnswer(OTHER.uris[0], "bookworm", Release("Company", None, "x", "bookworm"))
    state = host({}, BASE, OTHER)
    known = archive_answers.identified(state, [ArchiveAnswer(URI, "bookworm", DEBIAN), stranger])
    assert [s.uris for s in archives.extended(known, WANTED)] == [BASE.uris]


def test_fresh_image_where_nothing_answers_is_refused_for_all() -> None:
    silent = [ArchiveAnswer(URI, "bookworm", None, "no"), DEAD]
    assert len(archive_answers.conflicts(host({}, BASE, OTHER), silent)) == 2


def test_what_apt_has_read_counts_before_what_is_answered() -> None:
    state = host(read(BASE, DEBIAN), BASE)
    other = ArchiveAnswer(URI, "bookworm", Release("Else"))
    assert archive_answers.identified(state, [other]) == state


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("deb http://a.example/x bookworm main", 1),
        ("deb https://HIDDEN@a.example/x bookworm main", 1),
        ("deb file:/srv/x ./", 0),
        ("deb cdrom:[Debian 12]/ bookworm main", 0),
        ("deb mirror+file:/etc/m.txt bookworm main", 0),
        ("deb [trusted=yes] http://a.example/flat ./", 0),
        ("deb [trusted=yes] http://a.example/debian bookworm main", 1),
    ],
)
def test_archives_of_the_network_are_asked(line: str, asked: int) -> None:
    (one,) = one_line("/etc/apt/sources.list.d/x.list", [line])
    assert len(archive_answers.to_ask(host({}, one, one))) == asked


def test_own_archives_are_asked_first_where_there_are_many() -> None:
    many = [replace(OTHER, uris=(f"https://ppa{n}.example/x",)) for n in range(40)]
    asked = archive_answers.to_ask(host(read(BASE, DEBIAN), *many, BASE))
    assert len(asked) == archive_answers.MOST
    assert asked[0][0] == BASE


def test_what_gpuwright_added_is_asked_by_its_key_and_not_here() -> None:
    ours = source("/", "", file="/etc/apt/sources.list.d/gpuwright-nvidia.sources")
    assert archive_answers.to_ask(host({}, ours)) == ()

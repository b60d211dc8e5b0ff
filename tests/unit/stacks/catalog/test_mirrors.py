"""The catalogue of mirrors: dated, usable, and without what must not be in it."""

from __future__ import annotations

import datetime

import pytest

from stacks.catalog.mirrors import KINDS, UPSTREAM
from stacks.catalog.read import load_catalog
from tasks.hostdata import mirrors as mirror_data

KNOWN = load_catalog().mirrors


def test_every_set_can_be_used() -> None:
    assert list(KNOWN.faults()) == []
    for name in KNOWN.sets:
        assert mirror_data.candidates({"mirrors": name})


@pytest.mark.parametrize("name", KNOWN.sets)
def test_set_names_no_mirror_that_is_shut_and_ends_upstream(name: str) -> None:
    for kind, members in KNOWN.sets[name].kinds.items():
        states = {KNOWN.mirrors[kind][m].state for m in members if m != UPSTREAM}
        assert states <= {"works", "works-with-care"}
        assert members[-1] == UPSTREAM or kind == "registry"


def test_kinds_are_those_of_host_data() -> None:
    assert {*KNOWN.mirrors} <= {*KINDS}
    assert {kind for one in KNOWN.sets.values() for kind in one.kinds} <= {*KINDS}


def test_every_day_is_a_day_and_none_is_later_than_the_catalogue() -> None:
    newest = datetime.date.fromisoformat(KNOWN.date)
    for rows in (*KNOWN.mirrors.values(), *KNOWN.archives.values()):
        for row in rows.values():
            assert row.seen is None or datetime.date.fromisoformat(row.seen) <= newest
            assert row.said_by or row.how == "guess"


def test_every_address_can_be_named_in_host_data() -> None:
    for kind, rows in KNOWN.mirrors.items():
        for name in KNOWN.usable(kind):
            (found,) = mirror_data.candidates({"mirrors": {kind: rows[name].address}})[kind]
            assert found.name == name


def test_layout_is_the_one_of_the_address() -> None:
    for rows in KNOWN.mirrors.values():
        for row in rows.values():
            if row.address:
                assert row.address.startswith("flat+") == (row.layout == "flat")


def test_mirror_without_an_address_is_in_no_set() -> None:
    with pytest.raises(KeyError):
        KNOWN.addresses("registry", ("163",))
    with pytest.raises(KeyError):
        KNOWN.addresses("registry", ("aliyun",))

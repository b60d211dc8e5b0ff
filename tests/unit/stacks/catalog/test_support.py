"""No row says more than a test that is there does, and no test's row is left out."""

from __future__ import annotations

import ast

import pytest

from stacks.catalog.read import FOLDER
from tests import support_table
from tests.unit.stacks.hosts import CATALOG
from tests.whole.test_whole_stack import RELEASES

ROWS = [
    (release, arch, part, what, proof)
    for release, arches in CATALOG.support.rows.items()
    for arch, parts in arches.items()
    for part, words in parts.items()
    for what, proof in words.items()
]


def test_file_says_what_the_marks_of_the_tests_say() -> None:
    written = (FOLDER / "catalog/support.yaml").read_text()
    assert written == support_table.page(), "`python -m tests.support_table` writes it"


def test_marks_are_of_tests_on_hosts_alone() -> None:
    found = support_table.marks()
    assert len(found) > 10
    names = [mark["test"].removeprefix("whole/") for mark in found]
    assert all(name.startswith("test_") and "::" in name for name in names)
    assert all(mark["live"] or mark["double"] for mark in found)


def test_whole_stack_is_claimed_of_the_releases_whose_run_has_passed_alone() -> None:
    claimed = {mark["test"] for mark in support_table.marks() if "whole" in mark["test"]}
    assert {name.partition("[")[2].rstrip("]") for name in claimed} == {
        release.os for release in RELEASES if release.tried
    }


def test_every_marked_test_compares_its_mark_with_the_host() -> None:
    """By the one function that reads the host's record; a mark alone proves nothing."""
    for test in {mark["test"].partition("[")[0] for mark in support_table.marks()}:
        file, _, name = test.partition("::")
        folder = "tests" if file.startswith("whole/") else "tests/hosts"
        body = ast.parse((support_table.HOUSE / folder / file).read_text()).body
        [function] = [n for n in body if isinstance(n, ast.FunctionDef) and n.name == name]
        calls = {ast.unparse(n.func) for n in ast.walk(function) if isinstance(n, ast.Call)}
        assert calls & {"carried_out.shown", "carried_out.shown_image"}, test


@pytest.mark.parametrize("release", CATALOG.support.rows)
def test_release_is_one_that_the_catalogue_knows(release: str) -> None:
    boards = {f"jetson-{l4t}" for l4t in CATALOG.jetson.releases}
    assert release in {*CATALOG.distributions, *boards}


@pytest.mark.parametrize(
    ("release", "arch", "what"),
    [
        pytest.param(release, arch, what, id=f"{release}-{arch}-{what}")
        for release, arch, part, what, _ in ROWS
        if part == "driver"
    ],
)
def test_driver_that_was_carried_out_is_refused_by_no_deploy(
    release: str, arch: str, what: str
) -> None:
    """What the catalogue offers of it is not for reading alone."""
    _, flavour, origin, *signed = what.split()
    version = what.split(".")[0]
    offers = [
        offer
        for offer in CATALOG.distributions[release].drivers
        if (offer.branch, offer.flavour, offer.origin) == (version, flavour, origin)
        and (offer.modules == "precompiled") == bool(signed)
        and arch in offer.arches
    ]
    assert [offer for offer in offers if offer.support != "plan"]


def test_proof_of_what_has_no_row_is_none() -> None:
    table = CATALOG.support
    release, arch, part, what, proof = ROWS[0]
    assert table.proof(release, arch, part, what) == proof
    assert table.proof(release, "riscv64", part, what) is None
    assert table.proof("plan-9", arch, part, what) is None
    assert table.proof(release, arch, part, f"{what} and more") is None

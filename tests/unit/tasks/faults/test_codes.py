"""The table of all codes, held against the code that raises them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from stacks.catalog.read import load_catalog
from stacks.load import stack_names
from tasks.faults import codes
from tasks.faults.catalog import faults
from tasks.health import makelog
from tasks.hostdata import table
from tests.unit.tasks.faults.raised import Source, source

COMPUTED = {"found[0]": set(re.findall(r'"([CDJ]\d+)"', inspect.getsource(makelog.reason)))}
"""Codes that no message writes out: `makelog.reason` reads them out of DKMS's log."""


@cache
def ours() -> Source:
    """The source of ours, read by those processes that run these tests."""
    return source()


def test_every_code_that_is_raised_is_in_the_table() -> None:
    assert not [seen for seen in ours().raised if seen.text not in codes.codes()]


def test_every_code_that_is_only_named_is_in_the_table() -> None:
    assert not [seen for seen in ours().named if seen.text not in codes.codes()]


def test_no_row_is_left_whose_code_nothing_raises() -> None:
    raised = {seen.text for seen in ours().raised}.union(*COMPUTED.values())
    never_said = {code for code, row in faults().items() if row.unnamed}
    assert set(codes.codes()) - raised == never_said


def test_codes_that_are_computed_are_known_to_this_test() -> None:
    assert {seen.text for seen in ours().computed} == set(COMPUTED)


def test_codes_are_found_in_every_form_in_which_they_are_raised(tmp_path: Path) -> None:
    room = tmp_path / "tasks"
    room.mkdir()
    (room / "some.py").write_text(
        '''
ONE = "A-CONSTANT"
TABLE: Mapping[str, str] = {"port": "IN-A-TABLE"}

def conflicts(case, port, found):
    """IN-DOCSTRING: no code."""
    case.conflict("A-METHOD", "what")
    yield Conflict("A-CLASS" if port else "ANOTHER-CLASS", "what")
    yield Finding(level="WARN", code="BY-NAME")
    yield Finding(found.code)
    yield Finding(ONE)
    yield Finding(other.TABLE[port])
    yield Fault(COMPUTED[0], "what")
    logger.error(f"{port}A-LINE: what")
    return port in {"IN-A-SET", "plain", "D7"}
'''
    )
    (room / "some.sh.j2").write_text('echo "FROM-SHELL: what"\n')
    (room / "some.yaml").write_text("rows: [{code: IN-YAML, hides: [IN-A-LIST]}]\n")
    found = source(tmp_path)
    assert {seen.text for seen in found.raised} == {
        *("A-METHOD", "A-CLASS", "ANOTHER-CLASS", "BY-NAME", "A-LINE", "FROM-SHELL"),
        *("A-CONSTANT", "IN-A-TABLE"),
    }
    only_named = {seen.text for seen in found.named} - {seen.text for seen in found.raised}
    assert only_named == {"IN-A-SET", "D7", "IN-YAML", "IN-A-LIST"}
    assert [seen.text for seen in found.computed] == ["COMPUTED[0]"]


def test_every_row_is_whole_and_its_remedy_has_a_command_or_host_data_to_copy() -> None:
    for code in codes.codes().values():
        assert code.what and code.why and code.source, code
        assert re.search(r"`[^`]+`", code.remedy) and code.remedy.count("`") % 2 == 0, code


def test_remedies_name_deploys_stacks_and_host_data_that_there_are() -> None:
    text = " ".join(code.remedy + code.why for code in codes.codes().values())
    for deploy in set(re.findall(r"deploys/\w+\.py", text)):
        assert Path(deploy).is_file(), deploy
    stacks = set(re.findall(r"`((?:pytorch|jetson)-[\w.-]+)`", text))
    assert stacks and stacks <= set(stack_names())
    said = set(re.findall(r"`([a-z]+(?:_[a-z]+)*)(?:: [^`]*)?`", text))
    named = {word for word in said if "_" in word and not word.startswith("ssh_")}
    assert named and named <= set(table.rows())


def test_resolver_s_codes_mean_what_its_own_catalogue_says() -> None:
    own = load_catalog().codes["JETSON-118"]
    found = codes.codes()["JETSON-118"]
    assert (found.what, found.source) == (own.means, f"{own.source} (secondary)")


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ({}, "no row for AARCH64-PYPI, .* of stacks/catalog/codes.yaml"),
        ({"D1": codes.Row(why="w", remedy="r")}, "D1 is a row of faults.yaml already"),
        ({"NEW": codes.Row(why="w", remedy="r", what="x")}, "NEW needs what and source"),
    ],
)
def test_half_a_code_and_two_rows_of_one_are_refused(
    rows: Mapping[str, codes.Row], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "rows", lambda: rows)
    codes.codes.cache_clear()
    with pytest.raises(ValueError, match=complaint):
        codes.codes()

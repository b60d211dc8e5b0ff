"""The whole table: release × architecture × GPU class × stack, no cell above its proof.

``pytest -s`` shows it; so does ``python -m stacks matrix``.
"""

from __future__ import annotations

import json
from functools import cache
from itertools import product

import pytest
import yaml

from stacks.__main__ import OK, main
from stacks.catalog.read import FOLDER
from stacks.explain import matrix
from stacks.load import stack_names
from tests.unit.stacks.hosts import CATALOG, stack_of

PROOFS = yaml.safe_load((FOLDER / "catalog/support.yaml").read_text())["rows"]
RANK = {"plan": 0, "double": 1, "live": 2}


@cache
def table() -> list[matrix.Cell]:
    """Every cell, found by those processes that run these tests."""
    return list(matrix.cells([stack_of(name) for name in stack_names()], CATALOG))


def test_table_is_shown() -> None:
    told = list(matrix.lines(table()))
    print("\n".join(told))
    assert {name for name in stack_names() if any(name in line for line in told)} == {
        *stack_names()
    }


def test_table_fits_80_columns_and_loses_no_word() -> None:
    told = list(matrix.lines(table()))
    assert max(map(len, "\n".join((matrix.LEGEND, *told)).splitlines())) <= 80
    words = {word for line in told for word in line.replace(",", " ").split()}
    for cell in table():
        assert {cell.release, cell.arch, cell.gpus, *cell.words.replace(",", " ").split()} <= words


def test_every_release_architecture_and_generation_has_a_cell_for_every_stack() -> None:
    there = {(cell.stack, cell.release, cell.arch, cell.gpus) for cell in table()}
    assert len(there) == len(table())
    for stack, (release, dist) in product(stack_names(), CATALOG.distributions.items()):
        for arch, generation in product(dist.arches, matrix.one_each(CATALOG)):
            assert (stack, release, arch, generation) in there
    assert {cell.release for cell in table()} >= {
        f"jetson-{l4t}" for l4t in CATALOG.jetson.releases
    }
    assert set(matrix.one_each(CATALOG)) == set(CATALOG.gpus.generations.rows)


def test_no_cell_is_above_its_proof() -> None:
    """Each part's level is that of its row in the file, and without a row it is none."""
    assert [cell for cell in table() if cell.parts and not cell.refused]
    for cell in table():
        proofs = PROOFS.get(cell.release, {}).get(cell.arch, {})
        for row in cell.parts:
            proof = proofs.get(row.part, {}).get(row.what, {"level": "plan", "test": ""})
            assert (row.level, row.test) == (proof["level"], proof["test"]), cell


def test_words_of_a_cell_claim_no_more_than_its_parts() -> None:
    for cell in table():
        best = max((RANK[row.level] for row in cell.parts), default=0)
        worst = min((RANK[row.level] for row in cell.parts), default=0)
        whole = cell.words if cell.words in RANK else None
        if not cell.planned:
            assert cell.words == f"refused: {cell.refused}" and not cell.parts
        elif cell.refused:
            assert cell.words == f"planned: {cell.refused}"
        elif whole:
            assert best == worst == RANK[whole]
        else:
            assert best > worst
            assert all(row.part in cell.words for row in cell.parts)


def test_refusal_of_a_cell_has_a_known_code() -> None:
    assert {cell.refused for cell in table() if cell.refused} <= set(CATALOG.codes)


def test_something_is_carried_out_planned_and_refused() -> None:
    first = {cell.words.split(":")[0] for cell in table()}
    assert {"live", "double", "plan", "planned", "refused"} <= first


def test_command_prints_the_table_of_one_stack(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "pytorch-2.9"]) == OK
    told = capsys.readouterr().out
    assert told.startswith("live: ")
    shown = [cell for cell in table() if cell.stack == "pytorch-2.9"]
    assert "\n".join(matrix.lines(shown)) in told
    assert "jetson-cuda-11.8" not in told


def test_command_gives_the_same_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "pytorch-2.9", "--json"]) == OK
    found = json.loads(capsys.readouterr().out)
    assert len(found) == len([cell for cell in table() if cell.stack == "pytorch-2.9"])
    assert {"stack", "release", "arch", "gpus", "refused", "planned", "parts"} == set(found[0])


def test_stack_that_is_not_there_is_a_bad_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["matrix", "nonsense"]) == 64
    assert "nonsense" in capsys.readouterr().err

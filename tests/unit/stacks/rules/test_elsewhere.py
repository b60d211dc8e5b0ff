"""Facts of the world that remedies name are the catalogue's: it has their source and their date."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest

from stacks.catalog.read import load_catalog
from stacks.rules import elsewhere
from stacks.rules.jetson_ways import ways
from tests.unit import trees

HOUSE = Path(__file__).parents[4]
JUDGES = [
    *sorted((HOUSE / "stacks/rules").glob("*.py")),
    HOUSE / "stacks/resolve.py",
    HOUSE / "stacks/resolve_image.py",
    *sorted((HOUSE / "tasks").rglob("*.py")),
]
FACT = re.compile(
    r"\b[3-9]\d\d\.\d{2,3}(\.\d\d)?\b|\b20\d\d-\d\d\b|--driver \d"
    r"|\b(Debian|Ubuntu|Rocky) \d|nvidia/cuda:"
)
"""Driver versions and branches, months, distributions, images."""
CATALOG = load_catalog()


def said(text: str) -> list[str]:
    """Strings of a module that are no docstrings."""
    nodes = trees.nodes(text)
    quiet = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    constants = [n for n in nodes if isinstance(n, ast.Constant) and id(n) not in quiet]
    return [n.value for n in constants if isinstance(n.value, str)]


@pytest.mark.parametrize("file", JUDGES, ids=[str(f.relative_to(HOUSE)) for f in JUDGES])
def test_message_names_no_version_of_its_own(file: Path) -> None:
    assert [text for text in said(file.read_text()) if FACT.search(text)] == []


def test_fact_in_a_message_is_seen_and_one_in_a_docstring_is_not() -> None:
    text = '"""Debian 12."""\nx = "Use Debian 12."\ny = f"driver {x} until 2028-06"\n'
    assert [t for t in said(text) if FACT.search(t)] == ["Use Debian 12.", " until 2028-06"]


def test_maintained_branch_is_the_long_lived_one_that_ends_last() -> None:
    rows = dict(CATALOG.drivers.branches.rows)
    rows["700"] = replace(rows["580"], eol="2031-01")
    rows["701"] = replace(rows["580"], kind="new feature", eol="2032-01")
    branches = replace(CATALOG.drivers.branches, rows=rows)
    newer = replace(CATALOG, drivers=replace(CATALOG.drivers, branches=branches))
    assert elsewhere.maintained_branch(newer) == ("700", "2031-01")


def test_releases_of_one_family_are_told_together() -> None:
    assert elsewhere.listed(["debian-12", "debian-13", "rocky-9"]) == "Debian 12 and 13, Rocky 9"


def test_family_is_named_alone_where_all_its_releases_serve() -> None:
    assert elsewhere.with_arch(CATALOG, "aarch64") == "Debian 12 and 13, Ubuntu, Rocky"


def test_every_generation_that_no_toolkit_knows_says_which_cuda_it_needs() -> None:
    newest = max(float(sm) for row in CATALOG.cuda.toolkits.rows.values() for sm in row.sm)
    beyond = {m.generation for m in CATALOG.gpus.models.rows.values() if float(m.sm) > newest}
    assert beyond
    for key in beyond:
        assert CATALOG.gpus.generations.rows[key].first_cuda in CATALOG.cuda.images.rows


def test_every_toolkit_has_an_image_to_compile_in() -> None:
    assert set(CATALOG.cuda.toolkits.rows) <= set(CATALOG.cuda.images.rows)


def test_ways_of_a_jetson_are_those_of_the_catalogue() -> None:
    found = ways(CATALOG)
    assert (found.cuda, found.cuda_jetpack, found.cuda_l4t) == ("11.8", "5", "35")
    assert (found.torch, found.torch_jetpacks) == ("2.9", "6 or 7")
    assert found.torch_cudas == ("12.6", "13.0")

"""How a host's cards are named: for a person, and for the commands that are printed."""

from __future__ import annotations

import pytest

from stacks.catalog.hardware import GpuModel
from stacks.rules.case import Card, Case, numbers
from tests.unit.stacks.hosts import CATALOG, host, stack_of

HOPPER = CATALOG.gpus.generations.rows["hopper"]
MODEL = GpuModel("H100", "hopper", "9.0")


@pytest.mark.parametrize(
    ("key", "is_known", "called", "word"),
    [
        ("h100", True, "", "h100"),
        ("a16", True, "a2", "a2"),
        ("ffff", False, "", "10de:ffff"),
        ("beef", True, "", "beef"),
        ("nonsense", False, "", "nonsense"),
    ],
)
def test_card_is_asked_for_by_its_key_its_name_or_its_id(
    key: str, is_known: bool, called: str, word: str
) -> None:
    card = Card(key, MODEL, HOPPER, 2, None, is_known, called)
    assert card.word == word
    case = Case(stack_of("pytorch-2.9"), host("debian-12"), CATALOG, cards=(card,))
    assert f"--gpu {word}:2" in case.command()


def test_name_has_the_capability_where_it_is_known() -> None:
    assert Card("h100", MODEL, HOPPER, 1, None).name == "H100 (sm_90)"
    assert Card("ffff", GpuModel("x", "hopper", ""), HOPPER, 1, None, False).name == "x"


def test_versions_compare_as_numbers() -> None:
    assert numbers("535.309.01") == (535, 309, 1) < numbers("580") and numbers("x") == ()

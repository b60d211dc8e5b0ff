"""``python -m stacks mirrors``."""

from __future__ import annotations

import json

import pytest

from stacks.__main__ import main
from stacks.catalog.read import load_catalog

KNOWN = load_catalog().mirrors


def test_set_is_explained_with_order_addresses_and_dates(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["mirrors", "china"]) == 0
    text = capsys.readouterr().out
    for kind, names in KNOWN.sets["china"].kinds.items():
        for place, name in enumerate(names, 1):
            row = None if name == "upstream" else KNOWN.mirrors[kind][name]
            assert f"{place}. {name}" in text
            if row is not None:
                assert row.address and row.address in text
                assert row.seen is None or f"seen {row.seen}" in text
    assert "closed, seen 2024-06-06" in text  # what was shut is told as well
    assert max(map(len, text.splitlines())) <= 80


def test_without_a_name_all_sets_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirrors"]) == 0
    text = capsys.readouterr().out
    assert all(f"{name}: " in text for name in KNOWN.sets)


def test_as_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirrors", "china", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [*told["sets"]] == ["china"]
    assert told["mirrors"]["registry"]["163"]["state"] == "closed"


def test_unknown_set_is_a_bad_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mirrors", "chima"]) == 64
    assert 'Did you mean "china"?' in capsys.readouterr().err

"""Every limit of ``thresholds.yaml`` against the spec, and every name in it against the others."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from stacks.catalog import read
from stacks.catalog.read import load_catalog
from stacks.catalog.thresholds import Limit, Model, thresholds

TABLE = thresholds()
LIMITS = [(key, row) for key, model in TABLE.models.items() for row in model.limits]
LINKS = [(g, way) for g in TABLE.links for way in ("h2d", "d2h")]


def share(metric: str) -> tuple[float, float]:
    """From where to where a limit may be, as a share of the spec."""
    return (0.3, 0.95) if metric.startswith("matmul") else (0.5, 0.95)


def named(limit: tuple[str, Limit]) -> str:
    key, row = limit
    return f"{key}-{row.metric}-{row.gpus or ''}{'' if row.nvls is None else row.nvls}"


@pytest.mark.parametrize(("key", "row"), LIMITS, ids=[named(each) for each in LIMITS])
def test_limit_is_what_its_spec_allows(key: str, row: Limit) -> None:
    spec = TABLE.models[key].spec_of(row.metric)
    assert spec is not None, "a limit without a spec cannot be held against anything"
    low, high = share(row.metric)
    assert low * spec.value <= row.fail < row.warn <= high * spec.value
    assert row.warn < row.reference


@pytest.mark.parametrize(("generation", "way"), LINKS)
def test_limit_of_a_link_is_what_its_generation_allows(generation: str, way: str) -> None:
    link = TABLE.links[generation]
    row = getattr(link, way)
    assert 0.5 * link.spec.value <= row.fail < row.warn <= 0.95 * link.spec.value


@pytest.mark.parametrize("model", TABLE.models.values(), ids=TABLE.models)
def test_limit_that_others_ship_is_no_typing_error(model: Model) -> None:
    """A lost digit passes always: such rows exist, and are not taken over."""
    for other in model.others:
        if (spec := model.spec_of(other.metric)) is not None:
            assert 0.3 * spec.value <= other.fail <= 1.1 * spec.value, other


def test_every_model_is_one_that_the_catalogue_knows_and_in_its_form() -> None:
    known = load_catalog().known
    drawn = (Path(read.__file__).parent / "pci.tsv").read_text().splitlines()
    names = {line.split("\t")[0]: line for line in drawn}
    for key, model in TABLE.models.items():
        for device in model.pci:
            module = device in known.models[known.pci[device]].sxm or "SXM" in names[device]
            assert (model.form == "sxm") == module, key


def test_every_device_has_one_row_and_every_source_its_words() -> None:
    ids = Counter(device for model in TABLE.models.values() for device in model.pci)
    assert set(ids.values()) == {1}
    used = {s for _, row in LIMITS for s in row.sources}
    used |= {s.source for model in TABLE.models.values() for s in model.spec.values()}
    used |= {o.source for model in TABLE.models.values() for o in model.others}
    used |= {s for link in TABLE.links.values() for s in (*link.sources, link.spec.source)}
    assert used == set(TABLE.sources)


def test_nothing_stands_on_memory() -> None:
    assert {s.confidence for s in TABLE.sources.values()} <= {"primary-text", "secondary"}


def test_all_reduce_has_the_limits_of_its_own_kind() -> None:
    h200 = TABLE.model("2335")
    assert h200 is not None
    with_nvls, ring = (h200.limit("allreduce_busbw", 8, nvls) for nvls in (True, False))
    assert with_nvls and ring and ring.reference < with_nvls.reference
    assert h200.limit("allreduce_busbw", 8) is None  # how it was done is not known
    assert h200.limit("allreduce_busbw", 2, True) is None


def test_unknown_card_has_no_reference() -> None:
    assert TABLE.model("ffff") is None
    assert TABLE.model(None) is None

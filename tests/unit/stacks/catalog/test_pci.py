"""Every known GPU by its PCI id and by the names that people use."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stacks.catalog.pci import counted, gpu_table, plain_name
from tests.unit.stacks.hosts import CATALOG

KNOWN = CATALOG.known
DRAWN = Path("stacks/catalog/pci.tsv").read_text()


@pytest.mark.parametrize(
    ("name", "sm"),
    [
        ("a10g", "8.6"),
        ("rtx-3080", "8.6"),
        ("RTX_3080", "8.6"),
        ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", "8.6"),
        ("NVIDIA A16", "8.6"),
        ("a2", "8.6"),
        ("GTX 1650", "7.5"),
        ("Quadro RTX 8000", "7.5"),
        ("TITAN RTX", "7.5"),
        ("H20", "9.0"),
        ("H100 NVL", "9.0"),
        ("A100-SXM4-80GB", "8.0"),
        ("RTX 6000 Ada Generation", "8.9"),
        ("rtx pro 4500 blackwell", "12.0"),
        ("GB300", "10.3"),
        ("tesla m40", "5.2"),
        ("b200", "10.0"),
        ("nvidia-a100-80gb", "8.0"),
        ("A100 40GB", "8.0"),
        ("H100 SXM", "9.0"),
        ("h100sxm", "9.0"),
        ("nvidia-h100-mega-80gb", "9.0"),
        ("GRID T4", "7.5"),
        ("jetson orin", "8.7"),
        ("3080", "8.6"),
        ("A6000", "8.6"),
        ("RTX 3080 Laptop", "8.6"),
        ("geforce rtx 2080 max-q", "7.5"),
        ("10de:2204", "8.6"),
        ("10DE:2330", "9.0"),
        ("0x2204", "8.6"),
        ("a800", "8.0"),
        ("V100S", "7.0"),
        ("rtx pro 6000 blackwell", "12.0"),
        ("GH200 Grace Hopper", "9.0"),
        ("NVIDIA Corporation GA102 [GeForce RTX 3080] (rev a1)", "8.6"),
    ],
)
def test_names_that_people_use_lead_to_the_gpu(name: str, sm: str) -> None:
    key = KNOWN.key(name)
    assert key is not None
    assert KNOWN.models[key].sm == sm


@pytest.mark.parametrize(
    ("said", "word", "count"),
    [
        ("h100", "h100", None),
        ("h100:8", "h100", "8"),
        ("8x h100", "h100", "8"),
        ("8xH100", "H100", "8"),
        ("2 × RTX 3080", "RTX 3080", "2"),
        ("NVIDIA H100 x8", "NVIDIA H100", "8"),
        ("10de:2204", "10de:2204", None),
        ("10DE:2204:2", "10DE:2204", "2"),
        ("A100X", "A100X", None),
        ("h100:", "h100", ""),
        ("h100:8:2", "h100", "8:2"),
        (":8", "", "8"),
    ],
)
def test_count_and_name_are_told_apart(said: str, word: str, count: str | None) -> None:
    assert counted(said) == (word, count)


@pytest.mark.parametrize("name", ["", " ", "10de:ffff", "0xffff", "[]", "480GB", "PCIe"])
def test_what_is_no_gpus_name_is_none(name: str) -> None:
    assert KNOWN.key(name) is None


def test_a_name_of_two_chips_is_none_and_both_are_named() -> None:
    assert KNOWN.key("GT 730") is None
    said = KNOWN.like("GT 730")
    assert "gt730gf108" in said
    assert "gt730gk208" in said


def test_a_generation_leads_to_gpus_of_it() -> None:
    assert KNOWN.key("Hopper") is None
    assert KNOWN.like("Hopper").startswith("Did you mean h100 or h200 or ")


@pytest.mark.parametrize(
    ("pci_id", "key"), [("2330", "h100"), ("20f3", "a100"), ("2206", "rtx3080"), ("25b6", "a16")]
)
def test_ids_lead_to_the_gpu(pci_id: str, key: str) -> None:
    assert KNOWN.pci[pci_id] == key


def test_curated_rows_keep_their_detail() -> None:
    for key, model in CATALOG.gpus.models.rows.items():
        assert KNOWN.models[key] is model
        assert all(KNOWN.pci[device] == key for device in model.pci)


def test_every_drawn_device_of_a_known_chip_is_known() -> None:
    rows = [line.split("\t") for line in DRAWN.splitlines() if not line.startswith("#")]
    assert len(rows) > 1000
    unknown = {row[1] for row in rows if row[0] not in KNOWN.pci}
    # Those that NVIDIA has told nothing of yet.
    assert unknown == {"GB112", "GB120", "GR100", "GR102"}


def test_table_has_one_row_for_a_device_and_says_where_it_is_from() -> None:
    lines = DRAWN.splitlines()
    assert lines[1].startswith("# source: PCI ID database 20")
    devices = [line.split("\t")[0] for line in lines if not line.startswith("#")]
    assert len(devices) == len(set(devices))
    assert all(re.fullmatch(r"[0-9a-f]{4}", device) for device in devices)


def test_boards_are_told_by_their_names() -> None:
    assert KNOWN.models[KNOWN.pci["2909"]].sxm == ("2909",)
    assert not KNOWN.models[KNOWN.pci["2206"]].nvswitch


@pytest.mark.parametrize(
    ("pci_id", "generation"),
    [("ffff", "blackwell"), ("1b99", "pascal"), ("1dff", "volta"), ("0000", "tesla")],
)
def test_age_is_that_of_the_nearest_known_id(pci_id: str, generation: str) -> None:
    assert KNOWN.generation_beside(pci_id) == generation


def test_first_branch_is_the_highest_of_a_models_devices() -> None:
    drawn = "9001\tGA102\tX 1\t\n9002\tGA102\tX 1\t570\n9003\tGA102\tX 1\t525\n"
    table = gpu_table(CATALOG.gpus, drawn)
    assert table.first_branches["x1"] == "570"
    assert table.models["x1"].pci == ("9001", "9002", "9003")


def test_what_may_be_left_out_of_a_name() -> None:
    assert {plain_name(n) for n in ("NVIDIA Tesla T4", "t4", "T-4")} == {"t4"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a2", "A2"),
        ("a16", None),
        ("10de:25b6", None),
        ("a10g", "A10G"),
        ("NVIDIA A800", "A800"),
        ("rtx 3090 ti", "GeForce RTX 3090 Ti"),
        ("v100s", "Tesla V100S"),
        ("h100", None),
        ("nvidia-a100-80gb", None),
        ("no such gpu", None),
    ],
)
def test_gpu_is_shown_by_the_name_that_it_was_asked_for_by(name: str, shown: str | None) -> None:
    assert KNOWN.shown(name) == shown


def test_every_name_is_shown_by_a_name_that_leads_to_the_same_gpu() -> None:
    other = {name: shown for name in KNOWN.names if (shown := KNOWN.shown(name))}
    assert len(other) > 100
    for name, shown in other.items():
        assert KNOWN.key(shown) == KNOWN.key(plain_name(shown)) == KNOWN.key(name)
        assert plain_name(shown).startswith(name) or name in plain_name(shown)


def test_gpu_that_is_called_by_two_names_is_called_by_its_own() -> None:
    assert KNOWN.called_by(["a2", "h100", "A10G", "x"]) == {"a16": "A2", "a10": "A10G"}
    assert KNOWN.called_by(["a2", "a16"]) == {}

"""Names of PyTorch's wheels, and of which a digest is known."""

from __future__ import annotations

from dataclasses import replace

from stacks.catalog.software import Wheel
from stacks.rules import torch_files
from tests.unit.stacks.hosts import CATALOG

KNOWN = ("2.9.1", "cu130", "3.12", "x86_64")


def test_names_are_those_that_are_on_pytorch_s_index() -> None:
    release = CATALOG.pytorch.releases["2.9"]
    assert torch_files.file_of(release, "torchvision", *KNOWN) == (
        "torchvision-0.24.1+cu130-cp312-cp312-manylinux_2_28_x86_64.whl"
    )
    old = CATALOG.pytorch.releases["2.3"]
    assert torch_files.file_of(old, "torch", "2.3.1", "cu118", "3.9", "x86_64") == (
        "torch-2.3.1+cu118-cp39-cp39-linux_x86_64.whl"
    )


def test_what_the_configured_index_serves_is_never_missing() -> None:
    assert torch_files.missing(CATALOG, "torch", "2.9.1", "cu128", "3.12", "x86_64") is None
    assert torch_files.missing(CATALOG, "torch", "2.9.1", "cu128", "3.12", "aarch64")


def test_one_place_alone_is_not_enough() -> None:
    file = "torch-2.9.1+cu130-cp312-cp312-manylinux_2_28_x86_64.whl"
    wheels = CATALOG.pytorch.wheels
    doubted = replace(wheels, rows={file: Wheel("0" * 64, ("one/place",))})
    catalog = replace(CATALOG, pytorch=replace(CATALOG.pytorch, wheels=doubted))
    assert torch_files.missing(CATALOG, "torch", *KNOWN) is None
    assert torch_files.missing(catalog, "torch", *KNOWN) == file
    assert "one/place alone" in torch_files.why_missing(catalog, file)


def test_companions_are_those_whose_digest_is_known() -> None:
    assert list(torch_files.companions(CATALOG, *KNOWN)) == ["torchvision"]
    assert torch_files.companions(CATALOG, "2.9.1", "cu130", "3.12", "aarch64") == {}

"""GPUs that are made with a processor: a host of another architecture cannot have them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.catalog.hardware import Superchip
from stacks.model.host import Gpu, HostProfile
from stacks.resolve import resolve
from stacks.resolve_image import image_plan
from stacks.rules import architecture
from tests.unit.stacks.hosts import CATALOG, ask, refused, stack_of

ROWS = CATALOG.gpus.superchips.rows
MADE_WITH = [(key, row.arch) for row in ROWS.values() for key in row.models]
OTHER = {"aarch64": "x86_64", "x86_64": "aarch64"}


def test_rows_name_known_gpus_and_architectures() -> None:
    assert {key for key, _ in MADE_WITH} <= set(CATALOG.known.models)
    assert {arch for _, arch in MADE_WITH} <= set(OTHER)


@pytest.mark.parametrize(("key", "arch"), MADE_WITH)
def test_gpu_that_is_expected_in_a_host_of_another_architecture_is_refused(
    key: str, arch: str
) -> None:
    profile = HostProfile("ubuntu-24.04", OTHER[arch], expected_gpus=(Gpu(key),) * 2)
    conflict = refused("GPU-ARCH", profile)
    assert f"is in {arch} hosts only" in conflict.what
    *_, change = conflict.changes
    assert change is not None and change.host == {"arch": arch}
    first = conflict.changes[0]
    assert first is not None and set(first.data) == {"expected_gpus"}
    assert "GPU-ARCH" in [
        c.code for c in image_plan(stack_of("pytorch-2.9"), profile, CATALOG).conflicts
    ]


@pytest.mark.parametrize(("key", "arch"), MADE_WITH)
def test_it_is_planned_where_its_processor_is(key: str, arch: str) -> None:
    profile = HostProfile("ubuntu-24.04", arch, expected_gpus=(Gpu(key),))
    assert "GPU-ARCH" not in [found.code for found in ask(profile).conflicts]


def test_gpu_that_the_bus_has_is_believed() -> None:
    seen = Gpu(None, CATALOG.known.models["gh200"].pci[0], "0000:17:00.0")
    codes = [found.code for found in ask(HostProfile("ubuntu-24.04", "x86_64", (seen,))).conflicts]
    assert "GPU-ARCH" not in codes


def test_row_of_the_other_architecture_counts_as_well() -> None:
    rows = {"old": Superchip("x86_64", "it is soldered to an x86_64 board", ("t4",))}
    gpus = CATALOG.gpus
    known = replace(CATALOG, gpus=replace(gpus, superchips=replace(gpus.superchips, rows=rows)))
    profile = HostProfile("ubuntu-24.04", "aarch64", gpus=(Gpu("t4"),))
    (found,) = [
        c
        for c in resolve(stack_of("pytorch-2.9"), profile, known).conflicts
        if c.code == "GPU-ARCH"
    ]
    assert "T4 (sm_75) is in x86_64 hosts only" in found.what
    assert found.why == "It is soldered to an x86_64 board."
    assert architecture.of_gpus(known.gpus, ["h100", "t4"]) == "x86_64"

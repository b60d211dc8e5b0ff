"""Debian 13: driver and PyTorch with the real packages. Its archive has no CUDA 11.8."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import hosts
from sandbox.hosts import HostSpec
from tests.hosts import runner
from tests.hosts.conftest import Lab, Run

NAME = "trixie"


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Run, Run, Run]]:
    """Predicted, made so, and made so again."""
    host = hosts.up(HostSpec(NAME, os="debian-13", gpus=("h100", "h100")), fresh=True)
    data = {NAME: runner.host_data(host, stack="pytorch-2.9", without=["cuda"])}
    lab = Lab(host, runner.inventory(tmp_path_factory.mktemp(NAME), **data))
    yield lab.pyinfra("--dry"), lab.pyinfra("-y"), lab.pyinfra("-y")
    host.down()


def test_dry_run_predicts_what_the_run_changes(runs: tuple[Run, Run, Run]) -> None:
    predicted, first, _ = runs
    assert first.code == 0, first.told
    assert predicted.predicted(NAME) == first.changed(NAME)


def test_driver_of_its_own_archive_and_torch_are_there(runs: tuple[Run, Run, Run]) -> None:
    report = runs[1].report
    assert f"{NAME}: verdict OK, proof: none (no real GPU in this host" in report
    assert "550." in report and "module ready" in report and "2.9.1+cu128" in report


def test_second_run_changes_nothing(runs: tuple[Run, Run, Run]) -> None:
    assert runs[2].code == 0
    assert runs[2].changed(NAME) == set()

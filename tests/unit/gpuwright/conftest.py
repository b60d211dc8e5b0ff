"""The release that all tests of this folder look at, made once."""

from __future__ import annotations

import fcntl
import os

import pytest

from tests.unit.gpuwright.a_release import Installed, made, release


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The release that this checkout is; processes of one run share it."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "this release"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            release(folder)
            (folder / "done").touch()
    return made(folder)

"""The release that all tests of this folder look at, made once."""

from __future__ import annotations

import pytest

from tests.unit.gpuwright.a_release import Installed, release


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The release that this checkout is."""
    return release(tmp_path_factory.mktemp("this release"))

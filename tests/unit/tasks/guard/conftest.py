"""What several tests of the guard begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.tasks.a_guarded_host import DRIVER, OLD, GuardedHost


@pytest.fixture
def host(tmp_path: Path) -> GuardedHost:
    """A host whose only kernel has its module."""
    made = GuardedHost(tmp_path)
    made.kernel(OLD, DRIVER)
    return made

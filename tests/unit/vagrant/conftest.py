from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.vagrant.fake import Vagrant


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vagrant:
    """A stand-in for Vagrant, the only one in the PATH."""
    return Vagrant(tmp_path, monkeypatch)

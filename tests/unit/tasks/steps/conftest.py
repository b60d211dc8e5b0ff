"""What several tests of steps begin with."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.steps import job
from tests.unit.tasks.steps.job_machine import SYSTEMCTL, SYSTEMD_RUN, Machine


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine without jobs; jobs that a test leaves are killed."""
    monkeypatch.setattr(job, "FOLDER", str(tmp_path / "jobs"))
    (tmp_path / "units").mkdir()
    (tmp_path / "bin").mkdir()
    for name, text in (("systemd-run", SYSTEMD_RUN), ("systemctl", SYSTEMCTL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    yield Machine(tmp_path)
    for unit in (tmp_path / "units").glob("*.service"):
        subprocess.run(["kill", "-9", "--", f"-{unit.read_text().strip()}"], check=False)

"""The report from kept readings: no host is connected to."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tasks.drift import document, history, kept_only
from tasks.drift.document import made
from tests.unit.tasks.drift.a_fleet import alike, host

NOW = history.at_time(datetime.now(timezone.utc) - timedelta(minutes=3))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a report."""
    monkeypatch.chdir(tmp_path)
    readings = [*alike("abc", at=NOW), host("d", at="2026-01-01T00:00:00Z")]
    history.keep(tmp_path / "kept", document.data(made(readings, {}, NOW)), NOW, 9)
    return tmp_path / "kept"


@pytest.mark.parametrize(
    "words",
    [
        ["@local", "deploys/report.py", "--data", "from=kept"],
        ["inventories/lab.py", "deploys/report.py", "--data=from=kept", "--data", "format=json"],
    ],
)
def test_run_ends_before_there_is_an_inventory(
    folder: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        kept_only.begin(words)
    assert left.value.code == document.UNKNOWN  # d is silent
    told = json.loads(Path("report/report.json").read_text())
    assert set(told["hosts"]) == {"a", "b", "c", "d"}
    assert not told["hosts"]["d"]["answered"]
    assert "d" in capsys.readouterr().out
    assert not Path("reports").exists(), "it tells only what is kept"


@pytest.mark.parametrize(
    "words",
    [
        ["lab.py", "deploys/report.py"],
        ["lab.py", "deploys/gpu_host.py", "--data", "from=kept"],
        ["lab.py", "deploys/report.py", "deploys/verify.py", "--data", "from=kept"],
        ["lab.py", "deploys/report.py", "--data", "stack=from=x"],
    ],
)
def test_other_runs_go_on(folder: Path, words: list[str]) -> None:
    kept_only.begin(words)
    assert not Path("report").exists()


def test_folder_that_is_not_there_is_unknown(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        kept_only.begin(["@local", "deploys/report.py", "--data", "from=nowhere"])
    assert left.value.code == document.UNKNOWN
    assert "nowhere" in capsys.readouterr().err


def test_pyinfra_itself_connects_to_nobody(folder: Path) -> None:
    inventory = folder.parent / "inv.py"
    inventory.write_text('hosts = ["192.0.2.1"]\n')  # nobody's (RFC 5737)
    words = [sys.executable, "-m", "pyinfra", str(inventory), "deploys/report.py", "-y"]
    data = [f"from={folder}", f"report_folder={folder.parent}/out"]
    done = subprocess.run(
        [*words, *(word for pair in data for word in ("--data", pair))],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
        timeout=120,
    )
    assert done.returncode == document.UNKNOWN, done.stderr
    assert "Connecting" not in done.stderr
    assert (folder.parent / "out/report.html").stat().st_size > 1000

"""The answer on its host: root's own, whole or not at all, and its failure told."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tasks.acceptance import keeping
from tasks.acceptance.burn_in import FOLDER
from tasks.steps.connection import OverdueError
from tasks.steps.record import AcceptanceRecord
from tests.unit.tasks import a_host
from tests.unit.tasks.a_run import ARun

RECORD = AcceptanceRecord(version=1, verdict="OK", codes=(), readings=())


def test_what_is_sent_writes_the_file_and_takes_the_result_away(tmp_path: Path) -> None:
    run = ARun(a_host.done())
    assert keeping.kept(run.host, RECORD, root=True, burnt=True) == ""
    (command,) = run.wire.commands
    burnt = tmp_path / "burnt"
    burnt.mkdir()
    (burnt / "result.json").write_text("{}")
    script = command.replace("/var/lib/gpuwright/verify.json", f"{tmp_path}/v/verify.json")
    script = script.replace("/var/lib/gpuwright'", f"{tmp_path}/v'").replace(FOLDER, str(burnt))
    script = script.replace("/var/lib/gpuwright ", f"{tmp_path}/v ")
    subprocess.run(["sh", "-c", script], check=True)
    assert json.loads((tmp_path / "v/verify.json").read_text())["verdict"] == "OK"
    assert [file.name for file in burnt.iterdir()] == ["result-told.json"]


def test_host_that_goes_away_is_told_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> None:
        raise OverdueError("a command: no answer within 420 s")

    monkeypatch.setattr(keeping, "run", late)
    assert "no answer" in keeping.kept(ARun(a_host.done()).host, RECORD, root=True)


@pytest.mark.parametrize(("said", "why"), [("", "could not be written"), ("disk full", "full")])
def test_disk_that_is_full_is_told(said: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "run", lambda *_: (False, said))
    assert why in keeping.kept(ARun(a_host.done()).host, RECORD, root=True)

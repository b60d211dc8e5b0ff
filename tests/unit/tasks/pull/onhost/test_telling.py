"""What a host that provisions itself tells, and whom."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tasks.pull.onhost import files, telling

SAID = {"verdict": "WARN", "tries": 2, "reboots": 1, "why": "", "proof": "none"}


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(files, "STATE", tmp_path / "state")
    monkeypatch.setattr(telling, "TEXTFILES", (f"{tmp_path}/none", f"{tmp_path}/metrics"))
    monkeypatch.setattr(telling.time, "sleep", lambda s: None)
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def test_verdict_is_in_its_file_whatever_else_is_asked(state: Path, tmp_path: Path) -> None:
    telling.outcome(SAID, {"verdict_file": str(tmp_path / "copy"), "data": {}})
    assert json.loads((state / "verdict.json").read_text()) == SAID
    assert (tmp_path / "copy").read_text() == (state / "verdict.json").read_text()
    assert not (tmp_path / "metrics").exists()


@pytest.mark.parametrize("own", [True, False])
def test_metrics_go_where_host_data_say_or_where_they_are_read(tmp_path: Path, own: bool) -> None:
    folder = tmp_path / ("own" if own else "metrics")
    folder.mkdir()
    telling.outcome(SAID, {"data": {"textfile_folder": str(folder)} if own else {}})
    text = (folder / telling.METRICS).read_text()
    assert "\ngpuwright_pull_verdict 1\n" in text and "\ngpuwright_pull_reboots 1\n" in text
    for line in text.splitlines():
        name = line.split()[2 if line.startswith("#") else 0]
        assert name.startswith("gpuwright_pull_"), line


def test_place_that_cannot_be_written_stops_nothing(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    telling.outcome(SAID, {"verdict_file": "/nowhere/x", "data": {}})
    assert "/nowhere/x cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("failures", [0, 2, 99])
def test_webhook_is_tried_some_times_and_its_address_told_to_nobody(
    failures: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    posts: list[Any] = []

    def opened(request: urllib.request.Request, timeout: float) -> Any:
        posts.append(request.data)
        if len(posts) <= failures:
            raise urllib.error.HTTPError(request.full_url, 503, "busy", {}, None)  # type: ignore[arg-type]
        return socket.socket()

    monkeypatch.setattr(telling.urllib.request, "urlopen", opened)
    telling.outcome(SAID, {"webhook": "https://hooks.example.org/s3cret", "data": {}})
    said = capsys.readouterr()
    assert len(posts) == min(failures + 1, telling.WEBHOOK_TRIES)
    assert json.loads(posts[0]) == SAID
    assert "s3cret" not in said.out + said.err
    assert ("it answers 503" in said.err) is (failures == 99)


def test_status_is_told_systemd_and_its_socket_to_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        telling.take_over()
        assert "NOTIFY_SOCKET" not in telling.os.environ
        telling.status("try 1\nof 8")
        assert systemd.recv(1000) == b"STATUS=try 1 of 8\n"
        telling._systemd.clear()

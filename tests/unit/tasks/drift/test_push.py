"""A host that writes its own facts: the whole way from the script to the report."""

from __future__ import annotations

import http.server
import subprocess
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from tasks.drift import history, push
from tasks.drift.__main__ import main
from tests.plain_shell import assert_plain


def laid(folder: Path, to: str, group: str = "rack 3; reboot") -> Path:
    """The files that the installer lays, below this folder instead of the host's root."""
    text = push.installer(push.Push(to, group))
    start = text.index("mkdir -p")
    files = text[start : text.index("systemctl daemon-reload", start)]
    moved = files.replace(push.HERE, str(folder / "lib")).replace(
        "/etc/systemd/system", str(folder)
    )
    subprocess.run(["sh", "-eu"], input=moved, text=True, check=True)
    return folder / "lib/send"


def sent(send: Path) -> subprocess.CompletedProcess[str]:
    """What the service does."""
    return subprocess.run(["sh", str(send)], capture_output=True, text=True, timeout=120)


def test_installer_and_what_it_lays_are_plain_shell(tmp_path: Path) -> None:
    assert_plain(push.installer(push.Push("/srv/facts")))
    assert_plain(laid(tmp_path, "https://files.example.org/x").read_text())


def test_facts_in_a_folder_become_a_reading(tmp_path: Path) -> None:
    folder = tmp_path / "facts of hosts"
    folder.mkdir(mode=0o755)
    done = sent(laid(tmp_path, str(folder)))
    assert done.returncode == 0, done.stderr
    found = history.past([folder], datetime.now(timezone.utc))
    assert found.complaints == ()
    (reading,) = found.newest.values()
    assert (reading.group, reading.answered) == ("rack 3; reboot", True)
    assert reading.components["distribution"].actual
    assert "evidence" not in reading.facts.get("not compared with a plan", "")


def test_folder_that_others_may_change_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "facts"
    folder.mkdir()
    folder.chmod(0o777)
    done = sent(laid(tmp_path, str(folder)))
    assert done.returncode == 1
    assert "no folder of root's alone" in done.stderr
    assert list(folder.iterdir()) == []


def test_facts_are_put_to_an_address(tmp_path: Path) -> None:
    got: list[tuple[str, bytes]] = []

    class Server(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = sent(laid(tmp_path, f"http://127.0.0.1:{server.server_port}/gpus/"))
        server.shutdown()
    assert done.returncode == 0, done.stderr
    ((path, body),) = got
    assert path.startswith("/gpus/") and path.endswith(".facts")
    assert body.startswith(push.MARK.encode())


@pytest.mark.parametrize(
    "words",
    [
        ["--to", "here"],
        ["--to", "https://ana:secret@files.example.org"],
        ["--to", "/srv", "--group", "a\nb"],
        ["--to", "/srv", "--every", "48"],
    ],
)
def test_words_that_cannot_be_used_are_refused(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--out", str(tmp_path / "push.sh")]) == 64
    assert "secret" not in capsys.readouterr().err
    assert not (tmp_path / "push.sh").exists()


def test_script_is_written(tmp_path: Path) -> None:
    assert main(["--to", "/srv/facts", "--out", str(tmp_path / "push.sh")]) == 0
    assert (tmp_path / "push.sh").read_text() == push.installer(push.Push("/srv/facts"))

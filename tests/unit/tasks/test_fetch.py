"""Downloads: resumed when cut, thrown away when they are not what was asked for.

The real shell function with the real curl, against a server on this machine that misbehaves.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tasks.templates import render
from tests.unit.tasks.a_file_server import CONTENT, DIGEST, Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that behaves until it is told otherwise."""
    with Server() as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def fetch(server: Server, folder: Path, **limits: Any) -> subprocess.CompletedProcess[str]:
    """Fetch the file into ``folder``, without waiting between tries."""
    (folder / "bin").mkdir(exist_ok=True)
    sleep = folder / "bin/sleep"
    sleep.write_text("#!/bin/sh\n")
    sleep.chmod(0o755)
    return subprocess.run(
        ["sh", "-euc", f"{render('fetch.sh.j2', **limits)}\nfetch {server.address} {DIGEST} file"],
        cwd=folder,
        env={"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "no_proxy": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_file_comes_with_one_request(server: Server, tmp_path: Path) -> None:
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [""]
    assert (tmp_path / "doing").read_text() == "fetching file.tar.xz\n"


def test_file_that_is_there_is_not_asked_for(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path)
    assert fetch(server, tmp_path).returncode == 0
    assert len(server.asked) == 1


def test_cut_download_goes_on_where_it_was_cut(server: Server, tmp_path: Path) -> None:
    server.cuts = [1000, 100_000]
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=1000-", "bytes=100000-"]


def test_download_that_stands_still_is_tried_again_within_its_limit(
    server: Server, tmp_path: Path
) -> None:
    server.cuts, server.stall_s = [1000], 30
    began = time.monotonic()
    assert fetch(server, tmp_path, stall_s=1).returncode == 0
    assert time.monotonic() - began < 20
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == ["", "bytes=1000-"]


def test_download_that_comes_further_each_time_is_gone_on_with(
    server: Server, tmp_path: Path
) -> None:
    server.cuts = [1000 * n for n in range(1, 10)]
    assert fetch(server, tmp_path).returncode == 0
    assert len(server.asked) == 10


def test_part_of_an_earlier_run_is_used(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:5000])
    assert fetch(server, tmp_path).returncode == 0
    assert server.asked == ["bytes=5000-"]


def test_whole_part_of_an_earlier_run_is_enough(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_server_that_cannot_resume_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.resumes = False
    server.cuts = [1000]
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_short_outage_is_survived(server: Server, tmp_path: Path) -> None:
    server.failures = [404, 404]
    assert fetch(server, tmp_path).returncode == 0


def test_server_that_never_answers_well_ends_with_its_address(
    server: Server, tmp_path: Path
) -> None:
    server.failures = [404] * 99
    done = fetch(server, tmp_path)
    assert done.returncode != 0
    assert f"download failed (curl exit status 22): {server.address}" in done.stdout
    assert not (tmp_path / "file").exists()


def test_nobody_listening_ends_with_the_address(tmp_path: Path) -> None:
    with Server() as server:
        pass
    done = fetch(server, tmp_path)
    assert done.returncode != 0
    assert server.address in done.stdout


def test_changed_file_is_named_with_both_digests_and_thrown_away(
    server: Server, tmp_path: Path
) -> None:
    server.content = CONTENT[:-1] + b"!"
    done = fetch(server, tmp_path)
    assert done.returncode != 0
    assert f"expected {DIGEST}" in done.stdout
    assert hashlib.sha256(server.content).hexdigest() in done.stdout
    assert not (tmp_path / "file").exists()
    assert not (tmp_path / "file.part").exists()


def test_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT + b"more")
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_part_with_wrong_bytes_spoils_one_run_and_not_the_next(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "file.part").write_bytes(b"not ours" * 100)
    assert "wrong sha256" in fetch(server, tmp_path).stdout
    assert fetch(server, tmp_path).returncode == 0
    assert (tmp_path / "file").read_bytes() == CONTENT


def elsewhere(server: Server, *others: Server) -> dict[str, Any]:
    """What lets the function go on with the same file of other servers."""
    base = server.address.rpartition("/")[0]
    places = [other.address.rpartition("/")[0] for other in others]
    return {"fetch_base": base, "elsewhere": places}


def test_next_mirror_gets_its_turn_where_one_is_dead_or_gives_other_bytes(
    server: Server, tmp_path: Path
) -> None:
    with Server() as dead:
        pass
    with Server() as forged:
        forged.content = CONTENT[:-1] + b"!"
        Thread(target=forged.serve_forever, args=(0.05,), daemon=True).start()
        done = fetch(dead, tmp_path, **elsewhere(dead, forged, server))
        forged.shutdown()
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert f"wrong sha256 of {forged.address}" in done.stdout
    assert [line for line in done.stdout.splitlines() if line.startswith("next is ")] == [
        f"next is {one.address.rpartition('/')[0]}" for one in (forged, server)
    ]


def test_no_mirror_left_ends_with_what_each_answered(server: Server, tmp_path: Path) -> None:
    server.failures = [404] * 99
    with Server() as dead:
        pass
    done = fetch(dead, tmp_path, **elsewhere(dead, server))
    assert done.returncode != 0
    assert dead.address in done.stdout and server.address in done.stdout
    assert not (tmp_path / "file").exists()


def test_login_of_the_first_mirror_is_not_sent_to_the_next(server: Server, tmp_path: Path) -> None:
    with Server() as dead:
        pass
    fetch(dead, tmp_path, **elsewhere(dead, server))
    assert server.logins == [""]

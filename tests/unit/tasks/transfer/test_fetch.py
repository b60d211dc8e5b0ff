"""A large file over a bad line: each way in which it breaks, and what is asked for afterwards."""

from __future__ import annotations

import base64
import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks.transfer import fetch as fetching
from tasks.transfer import part as parts
from tasks.transfer.fetch import TransferError
from tasks.transfer.receive import Patience
from tests.unit.tasks.transfer.a_bad_server import CONTENT, DIGEST, Does, Server, serving

SIZE = len(CONTENT)
HOUSE = Path(__file__).parents[4]
QUICK = Patience(tries=3, pause_s=0.0, silence_s=5.0)
PROGRAM = """
import sys
from pathlib import Path
from tasks.transfer.fetch import Patience, fetch
fetch([sys.argv[1]], sys.argv[2], Path(sys.argv[3]), print, patience=Patience(pause_s=0))
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy, and a cache of this test alone."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("GPUWRIGHT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "wheels" / "a-1.0.whl"


def fetch(
    target: Path,
    *servers: Server,
    patience: Patience = QUICK,
    size: int | None = None,
    digest: str = DIGEST,
) -> list[str]:
    """Fetch the file, and give what was said."""
    said: list[str] = []
    urls = [server.url for server in servers]
    fetching.fetch(urls, digest, target, said.append, size=size, patience=patience)
    return said


def whole(target: Path) -> bool:
    """Whether the file is right, and nothing else is left beside it."""
    return target.read_bytes() == CONTENT and [f.name for f in target.parent.iterdir()] == [
        target.name
    ]


def halted(server: Server, target: Path) -> subprocess.Popen[bytes]:
    """A process of its own that fetches, and now waits for a server that sends nothing more."""
    before = server.stalls
    command = [sys.executable, "-c", PROGRAM, server.url, DIGEST, str(target)]
    running = subprocess.Popen(command, cwd=HOUSE, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 30
    part = parts.Part(target)
    # What is on the way still comes, however busy the machine is.
    while server.stalls == before or part.size < server.sent:
        assert running.poll() is None and time.monotonic() < until
        time.sleep(0.01)
    return running


def test_file_comes_with_one_request_and_nothing_is_said(server: Server, target: Path) -> None:
    assert fetch(target, server, size=SIZE) == []
    assert whole(target) and server.ranges == [""]


def test_twenty_cuts_and_two_killed_processes_cost_no_bytes(server: Server, target: Path) -> None:
    points = sorted(random.Random(3).sample(range(2000, SIZE - 2000, 2000), 20))
    lengths = [b - a for a, b in zip([0, *points], points, strict=False)]
    server.next = [Does(cut=length, reset=place % 5 == 4) for place, length in enumerate(lengths)]
    for place in (6, 13):
        server.next[place] = Does(cut=lengths[place], stall_s=60)
    for _ in range(2):
        running = halted(server, target)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    fetch(target, server)
    assert whole(target)
    assert len(server.asked) >= 21 and server.sent <= 1.05 * SIZE
    assert all(fields.get("if-range") == '"one"' for fields in server.asked[1:])


def test_cut_is_told_with_place_and_server(server: Server, target: Path) -> None:
    server.next = [Does(cut=2_500_000)]
    assert fetch(target, server) == [
        f"a-1.0.whl: cut at 2.5 of 4.0 MB by {server.host}, resuming",
    ]
    assert server.ranges == ["", "bytes=2500000-"] and whole(target)


@pytest.mark.parametrize(
    "stall", [Does(cut=1_000_000, stall_s=60), Does(drip_s=0.02)], ids=["nothing", "hardly any"]
)
def test_stall_is_given_up_and_the_rest_is_asked_for(
    server: Server, target: Path, stall: Does
) -> None:
    server.next = [stall]
    patience = Patience(pause_s=0.0, silence_s=0.2)
    said = fetch(target, server, patience=patience)
    assert len(said) == 1 and "under 16 KiB/s for 0.2 s at " in said[0] and server.host in said[0]
    assert server.ranges[1].startswith("bytes=") and whole(target)


def test_next_source_goes_on_with_what_the_first_one_left(server: Server, target: Path) -> None:
    with serving() as second:
        server.next, server.always = [Does(cut=3_000_000)], Does(status=503)
        second.etag = '"another"'
        said = fetch(target, server, second)
        assert whole(target) and len(server.asked) == 4
        assert second.ranges == ["bytes=3000000-"] and "if-range" not in second.asked[0]
    assert said[-1].endswith("answers 503 Service Unavailable; trying the next source")


def test_each_source_is_named_with_what_it_answered(server: Server, target: Path) -> None:
    with serving() as second:
        server.always = Does(status=404)
        second.always = Does(status=403)
        with pytest.raises(TransferError) as caught:
            fetch(target, server, second)
        assert f"{server.host}: the server answers 404 Not Found" in str(caught.value)
        assert f"{second.host}: the server answers 403 Forbidden" in str(caught.value)
    assert len(server.asked) == 1 and list(target.parent.iterdir()) == []


def test_server_that_is_not_there_is_tried_a_few_times(target: Path) -> None:
    with serving() as gone:
        pass
    with pytest.raises(TransferError, match=f"{gone.host}: no connection"):
        fetch(target, gone)


@pytest.mark.parametrize(
    ("does", "ranges"),
    [
        (Does(ranges=False), 2),
        (Does(shift=-5000), 2),
        (Does(shift=5000), 3),
        (Does(limit=1_000_000), 4),
        (Does(length=False), 2),
        (Does(status=500), 3),
        (Does(status=429, fields={"Retry-After": "0"}), 3),
    ],
    ids=["200", "earlier range", "later range", "short range", "no length", "500", "429"],
)
def test_odd_answer_to_a_range_still_gives_the_right_file(
    server: Server, target: Path, does: Does, ranges: int
) -> None:
    server.next = [Does(cut=1_500_000), does] + ([does] if does.limit else [])
    fetch(target, server)
    assert whole(target) and len(server.asked) == ranges


def test_file_that_changed_in_the_middle_is_begun_again(server: Server, target: Path) -> None:
    wanted, server.content, server.etag = CONTENT, bytes(SIZE), '"old"'
    server.next = [Does(cut=1_500_000, stall_s=0.3)]
    said: list[str] = []

    def changed(line: str) -> None:
        said.append(line)
        server.content, server.etag = wanted, '"new"'

    fetching.fetch([server.url], DIGEST, target, changed, patience=QUICK)
    assert server.ranges == ["", "bytes=1500000-"] and whole(target)
    assert said[1] == f"a-1.0.whl: {server.host} has another file now: from byte 0 on again"


def test_without_an_etag_a_joined_file_is_compared_and_begun_again(
    server: Server, target: Path
) -> None:
    server.etag = ""
    target.parent.mkdir()
    target.with_name("a-1.0.whl.part").write_bytes(b"of another file" * 10)
    said = fetch(target, server)
    assert whole(target) and server.ranges == ["bytes=150-", ""]
    assert "what came has the SHA-256" in said[0]


def test_part_longer_than_the_file_is_thrown_away(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("a-1.0.whl.part").write_bytes(bytes(SIZE + 1))
    fetch(target, server)
    assert whole(target) and server.ranges == [f"bytes={SIZE + 1}-", ""]


def test_whole_part_of_an_earlier_run_is_not_asked_for(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.with_name("a-1.0.whl.part").write_bytes(CONTENT)
    fetch(target, server, size=SIZE)
    assert whole(target) and server.asked == []


def test_page_in_place_of_the_file_leaves_the_part_alone(server: Server, target: Path) -> None:
    page = Does(ranges=False, fields={"Content-Type": "text/html; charset=utf-8"})
    server.next = [Does(cut=1_500_000), page]
    with pytest.raises(TransferError, match="answers 200 with a page"):
        fetch(target, server)
    fetch(target, server)
    assert server.ranges == ["", "bytes=1500000-", "bytes=1500000-"] and whole(target)


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 0])
def test_file_of_another_size_is_not_read(server: Server, target: Path, size: int) -> None:
    with pytest.raises(TransferError, match=f"its file has 4,000,000 bytes, and not {size:,}"):
        fetch(target, server, size=size)
    assert list(target.parent.iterdir()) == []


def test_body_without_a_length_ends_at_the_size(server: Server, target: Path) -> None:
    server.always = Does(length=False, more=b"more")
    with pytest.raises(TransferError, match="sends more than the file's size"):
        fetch(target, server, size=SIZE)


def test_file_that_is_another_one_is_fetched_once_and_not_kept(
    server: Server, target: Path
) -> None:
    server.content = bytes(5000)
    with pytest.raises(TransferError, match="what came has the SHA-256 .* and not " + DIGEST):
        fetch(target, server)
    assert len(server.asked) == 1 and list(target.parent.iterdir()) == []


def test_source_that_changes_all_the_time_is_given_up(server: Server, target: Path) -> None:
    server.always = Does(cut=1_000_000, fields={"X": "y"})
    seen = iter(range(99))

    def changed(line: str) -> None:
        server.etag = f'"{next(seen)}"'

    with pytest.raises(TransferError, match="not for the first time"):
        fetching.fetch([server.url], DIGEST, target, changed, patience=QUICK)
    assert len(server.asked) < 10


def test_server_without_ranges_that_cuts_is_given_up(server: Server, target: Path) -> None:
    server.always = Does(cut=1_000_000, ranges=False)
    with pytest.raises(TransferError, match=r"cut at 1\.0 of 4.0 MB"):
        fetch(target, server)
    assert len(server.asked) == 4


def test_login_goes_to_its_server_and_into_no_message(server: Server, target: Path) -> None:
    with serving() as other:
        elsewhere = f"http://me:theirs@{other.host}/a"
        server.next = [Does(status=302, fields={"Location": elsewhere})]
        other.always = Does(status=404)
        with pytest.raises(TransferError) as caught:
            url = server.url.replace("//", "//me:s%40cret@")
            fetching.fetch([url], DIGEST, target, lambda line: None, patience=QUICK)
        ours = base64.b64encode(b"me:s@cret").decode()
        assert server.asked[0]["authorization"] == f"Basic {ours}"
        assert "authorization" not in other.asked[0] and "cret" not in str(caught.value)


@pytest.mark.parametrize("known", ["//me:secret@127.0.0.1:1/", "//me:secret@mirror.example.org/"])
def test_login_of_the_index_serves_its_own_files_alone(
    server: Server, target: Path, known: str
) -> None:
    index = server.url.replace("//", "//me:secret@")
    for place, address in enumerate((index, f"http:{known}", index.replace("http:", "https:"))):
        path = target.with_name(f"{place}.whl")
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("GPUWRIGHT_CACHE", "off")
            fetching.fetch([server.url], DIGEST, path, print, known=[address], patience=QUICK)
    assert ["authorization" in fields for fields in server.asked] == [True, False, False]


@pytest.mark.parametrize(
    "where", ["ftp://127.0.0.1/a", "file:///etc/passwd", "http://[::1/", "//", "x" * 9000]
)
def test_redirection_to_what_is_no_address_ends_there(
    server: Server, target: Path, where: str
) -> None:
    server.always = Does(status=301, fields={"Location": where})
    with pytest.raises(TransferError, match=r"redirects|location header"):
        fetch(target, server)


@pytest.mark.parametrize("url", ["", " ", "ftp://a.example/x", "http://", "http://a:b:c/", "\n"])
def test_address_that_is_none_is_named_as_such(target: Path, url: str) -> None:
    with pytest.raises(TransferError, match="an address that is none: an address begins with"):
        fetching.fetch([url], DIGEST, target, print, patience=QUICK)


@pytest.mark.parametrize("name", ["a b.whl", "-rf.whl", "ü%20.whl", "a'\"$(x).whl"])
def test_odd_names_are_names(server: Server, tmp_path: Path, name: str) -> None:
    server.next = [Does(cut=1000)]
    fetch(tmp_path / "odd" / name, server)
    assert whole(tmp_path / "odd" / name)


def test_full_disk_is_said_and_the_part_stays(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: object, block: bytes) -> None:
        if parts.Part(target).size > 1_000_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, block)  # type: ignore[arg-type]

    write = parts.Part.write
    monkeypatch.setattr(parts.Part, "write", staticmethod(full))
    with pytest.raises(TransferError, match=r"cannot be stored: the disk of .* is full"):
        fetch(target, server)
    monkeypatch.setattr(parts.Part, "write", staticmethod(write))
    fetch(target, server)
    assert whole(target) and server.ranges[1].startswith("bytes=1")


def test_disk_that_is_too_small_is_said_before_anything_is_read(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda path: type("Free", (), {"free": 10**6}))
    with pytest.raises(TransferError, match="4 MB more are needed, and 1 MB are free"):
        fetch(target, server)


def test_progress_is_told_with_rate_and_time_left(server: Server, target: Path) -> None:
    said = fetch(target, server, patience=Patience(told_s=0.0))
    assert all(line.startswith("a-1.0.whl: ") and " of 4.0 MB, " in line for line in said)
    assert "left" in said[len(said) // 2] and "MB/s" in said[0]


def test_second_bundle_takes_the_file_from_the_first(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path / "one" / "a.whl", server)
    fetch(tmp_path / "two" / "a.whl", server)
    assert len(server.asked) == 1 and whole(tmp_path / "two" / "a.whl")


def test_two_runs_at_once_fetch_it_once(server: Server, tmp_path: Path) -> None:
    server.always = Does(cut=SIZE, stall_s=0.2, fields={"Connection": "close"})
    told: list[list[str]] = []

    def run(folder: str) -> Callable[[], None]:
        return lambda: told.append(fetch(tmp_path / folder / "a.whl", server))

    runs = [threading.Thread(target=run(folder)) for folder in ("one", "two", "one")]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert len(server.asked) == 1 and len(told) == 3
    assert whole(tmp_path / "one" / "a.whl") and whole(tmp_path / "two" / "a.whl")
    assert any("waiting for another run" in line for lines in told for line in lines)


def test_process_waits_for_another_one_and_goes_on_after_its_death(
    server: Server, target: Path
) -> None:
    server.next = [Does(cut=2_000_000, stall_s=60)]
    running = halted(server, target)
    said: list[str] = []

    def killed(line: str) -> None:
        said.append(line)
        running.kill()

    fetching.fetch([server.url], DIGEST, target, killed, patience=QUICK)
    running.wait()
    assert said[0].endswith("waiting for another run that fetches it")
    assert server.ranges == ["", "bytes=2000000-"] and whole(target)

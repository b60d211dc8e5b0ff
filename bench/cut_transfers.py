"""What a line costs that is cut again and again: a wheel of 25 MB by our own layer, pip and uv.

Each way fetches the wheel from a server here and installs it into a folder: in one run, in one that
is killed after three fifths of the bytes and started once more, and over a line with 20 cuts at
random points, killed five times between. Bytes are those of bodies that the server has sent. Run as
``python -m bench cut_transfers``; needs a package index for pip.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import uv

from bench import results, target
from bench.results import CHECKOUT, Comparison
from bench.target import BenchError
from stacks.locking.wheels import ONLY

CUT = 5 * 2**20
PAYLOAD = 24 * 2**20
BYTES_PER_S = 20e6
LIMIT_S = 180.0
MOST_BYTES = 1.05
"""Times the wheel's size: the target of our own layer, killed or not."""
NAME = "cutdemo-1.0-py3-none-any.whl"
_BLOCK = 64 * 1024
_OURS = """
import subprocess, sys
from pathlib import Path
from tasks.transfer.fetch import fetch
url, sha256, folder, uv, into = sys.argv[1:]
file = Path(folder, url.rpartition("/")[2])
fetch([url], sha256, file, lambda line: print(line, file=sys.stderr))
words = ["pip", "install", "--only-binary=:all:", "--no-deps", "--no-index"]
sys.exit(subprocess.run([uv, *words, "--target", into, str(file)]).returncode)
"""


@dataclass(frozen=True)
class Line:
    """How a line is cut, and when who fetches over it is killed."""

    name: str
    cuts: int = 0
    """At random points of the file, each once; 0: every answer after `CUT` bytes."""
    kills: tuple[float, ...] = ()
    """Bytes that were sent until then, in times the file's size."""


LINES = (
    Line("cut line"),
    Line("cut line, killed once", kills=(0.6,)),
    Line("20 cuts, killed 5 times", cuts=20, kills=(0.1, 0.3, 0.5, 0.7, 0.9)),
)


class Server(ThreadingHTTPServer):
    """Serves the wheel by ranges, cuts answers as the line does, and counts."""

    daemon_threads = True

    def __init__(self, wheel: Path, line: Line) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = wheel.read_bytes()
        self.etag = f'"{hashlib.sha256(self.content).hexdigest()[:16]}"'
        self.sent = 0
        self.every = not line.cuts
        chance = random.Random(line.cuts)
        self.left = {chance.randrange(1, len(self.content)) for _ in range(line.cuts)}

    def until(self, begin: int) -> int:
        """Where the answer that begins there is cut."""
        if self.every:
            return begin + CUT
        return min((place for place in self.left if place > begin), default=len(self.content))

    @property
    def url(self) -> str:
        """Where the wheel is."""
        return f"http://127.0.0.1:{self.server_port}/{NAME}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_HEAD(self) -> None:
        self._head()

    def do_GET(self) -> None:
        begin, end = self._head()
        cut = self.server.until(begin)
        with contextlib.suppress(OSError):
            for place in range(begin, min(end, cut), _BLOCK):
                block = self.server.content[place : min(place + _BLOCK, end, cut)]
                self.connection.sendall(block)
                self.server.sent += len(block)
                time.sleep(len(block) / BYTES_PER_S)
            self.server.left.discard(cut)
        self.close_connection = True

    def _head(self) -> tuple[int, int]:
        size = len(self.server.content)
        asked = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
        begin, end = 0, size
        if asked and self.headers.get("If-Range", self.server.etag) == self.server.etag:
            first, last = asked.groups()
            begin = int(first) if first else size - int(last)
            end = min(int(last) + 1, size) if first and last else size
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(end - begin))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("ETag", self.server.etag)
        self.end_headers()
        return begin, end

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass(frozen=True)
class Cost:
    """What one way took to the end, or until it was given up."""

    mb: float
    seconds: float
    ended: bool


def wheel(folder: Path) -> Path:
    """Make a wheel of random bytes that every installer takes (PEP 427)."""
    files = {
        "cutdemo/data.bin": random.Random(25).randbytes(PAYLOAD),
        "cutdemo/__init__.py": b"",
        "cutdemo-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: cutdemo\nVersion: 1.0\n",
        "cutdemo-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nGenerator: bench\n"
        b"Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "cutdemo-1.0.dist-info/RECORD"
    lines = "".join(f"{name},sha256={_digest(text)},{len(text)}\n" for name, text in files.items())
    file = folder / NAME
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in {**files, record: f"{lines}{record},,\n".encode()}.items():
            archive.writestr(name, text)
    return file


def run() -> list[Comparison]:
    """Try each way over each line; give the comparisons.

    Raises:
        BenchError: Ours does not end, or a way cannot be prepared.
    """
    with tempfile.TemporaryDirectory() as place:
        made = wheel(Path(place))
        size = made.stat().st_size / 1e6
        pip, version = _pip(Path(place))
        installers = {"gpuwright": None, f"pip {version}": pip, _uv_version(): [uv.find_uv_bin()]}
        costs: dict[str, dict[Line, Cost]] = {}
        for way, program in installers.items():
            costs[way] = {line: _cost(made, program, line) for line in LINES}
            for line, cost in costs[way].items():
                print(f"{way}, {line.name}: {cost}", flush=True)
    ours, rows = costs.pop("gpuwright"), []
    if not all(cost.ended for cost in ours.values()):
        raise BenchError("our own layer did not bring the wheel")
    for line in LINES:
        name, mb = line.name, ours[line].mb
        rows.append(Comparison(name, mb, "limit", None, "MB", round(MOST_BYTES * size, 2), "ours"))
        for way, theirs in costs.items():
            left = "" if theirs[line].ended else f"{way} had not ended: {name}"
            rows.append(Comparison(name, mb, way, theirs[line].mb, "MB", 1, "ours/theirs", left))
            seconds = (ours[line].seconds, theirs[line].seconds)
            rows.append(Comparison(name, seconds[0], way, seconds[1], "s", 1, "ours/theirs", left))
    told = [
        {"way": way, "line": line.name, "wheel_mb": round(size, 2), **vars(cost)}
        for way, all_lines in {"gpuwright": ours, **costs}.items()
        for line, cost in all_lines.items()
    ]
    results.save("cut_transfers", told, rows)
    return rows


def _cost(made: Path, program: Sequence[str] | None, line: Line) -> Cost:
    with tempfile.TemporaryDirectory() as place, _serving(made, line) as server:
        into = str(Path(place, "into"))
        if program is None:
            sha256 = hashlib.sha256(server.content).hexdigest()
            words = [sys.executable, "-c", _OURS, server.url, sha256, place]
            words += [uv.find_uv_bin(), into]
        else:
            words = [*program, *_installs(program), "--no-deps", "--target", into, server.url]
        begun = time.monotonic()
        for share in line.kills:
            _run(words, place, server, int(share * len(server.content)))
        ended = _run(words, place, server, None)
        ended = ended and Path(into, "cutdemo", "data.bin").is_file()
        seconds = round(time.monotonic() - begun, 2)
        return Cost(round(server.sent / 1e6, 2), seconds, ended)


def _run(words: Sequence[str], place: str, server: Server, until: int | None) -> bool:
    """Whether the command ends well within the limit; it is killed after so many bytes."""
    env = {
        **target.environment(),
        **{"GPUWRIGHT_CACHE": "off", "UV_CACHE_DIR": f"{place}/uv", "UV_NO_PROGRESS": "1"},
        **{"PIP_CACHE_DIR": f"{place}/pip", "UV_HTTP_RETRIES": "5", "no_proxy": "127.0.0.1"},
    }
    running = subprocess.Popen(
        words, cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + LIMIT_S
    while running.poll() is None:
        if time.monotonic() > end or (until is not None and server.sent >= until):
            running.kill()
        time.sleep(0.005)
    return running.returncode == 0


def _installs(program: Sequence[str]) -> list[str]:
    words = ["pip", "install"] if program == [uv.find_uv_bin()] else ["install", "-q"]
    return [*words, ONLY]


def _pip(place: Path) -> tuple[list[str], str]:
    """A pip of today, which resumes: the command that calls it, and its version."""
    folder = place / "with-pip"
    for words in (
        ["venv", "-q", str(folder)],
        ["pip", "install", "-q", "--python", str(folder / "bin/python"), ONLY, "pip>=25.2"],
    ):
        if subprocess.run([uv.find_uv_bin(), *words], check=False).returncode:
            raise BenchError("no pip of today can be had to compare with")
    command = [str(folder / "bin/python"), "-m", "pip"]
    told = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
    return command, told.stdout.split()[1]


def _uv_version() -> str:
    told = subprocess.run([uv.find_uv_bin(), "--version"], capture_output=True, text=True)
    return " ".join(told.stdout.split()[:2])


@contextlib.contextmanager
def _serving(made: Path, line: Line) -> Iterator[Server]:
    with Server(made, line) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def _digest(text: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()

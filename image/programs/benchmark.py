"""One run of one side of a benchmark: the native environment, or a container of the image.

It runs on the host, in the managed environment, and starts what it measures: as processes here, or
behind the words that start a container. Both sides run the very same files with the same words.
It prints lines of JSON after `MARK`, and judges nothing: ``deploys/benchmark.py`` does.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from image.programs.benchmark_work import MARK, tell
from image.programs.timed import Timed

FOLDER = Path(__file__).resolve().parents[2]
FILES, TINY_FILES = 512, 32
FILE_BYTES = 2**20
LIMIT_S = 540
PARTS = {
    "start": ("start_cold", "import_cold", "start_warm", "import_warm"),
    "models": (
        "resnet50_train",
        "detect_p50",
        "detect_p95",
        "detect_p99",
        "detect_jitter",
        "loading",
    ),
    "together": ("bert_step", "collective_share"),
}
"""Parts that can be left out, and their figures."""
PART_S = 240
"""For one part of it."""


class Side:
    """How a program is started on this side."""

    def __init__(self, words: dict[str, Any]) -> None:
        self.before: list[str] = [str(word) for word in words.get("before", ())]
        self.python = str(words.get("python") or sys.executable)
        self.folder = str(words.get("folder") or FOLDER)
        self.volume = str(words.get("volume") or "")

    def start(self, module: str, *words: str) -> Timed:
        """A program of this folder."""
        return Timed([*self.before, self.python, "-I", "-B", self.folder, module, *words])


def main() -> int:
    """Make the volume, start cold and warm, measure; what fails is told."""
    parser = argparse.ArgumentParser(prog="benchmark", description=__doc__)
    parser.add_argument("--side", type=json.loads, default={}, help="as JSON: before, python, …")
    parser.add_argument("--volume", type=Path, required=True, help="folder of this machine")
    parser.add_argument("--cpu", type=int, default=0, metavar="N", help="no GPU: N processes, tiny")
    parser.add_argument("--skip", default="", help=f"parts with commas: {', '.join(PARTS)}")
    parser.add_argument("--same", action="store_true", help="tell what may differ, too")
    parser.add_argument("--limit", type=int, default=LIMIT_S, metavar="SECONDS")
    asked = parser.parse_args()
    end = time.monotonic() + asked.limit
    side, tiny = Side(asked.side), ["tiny"] if asked.cpu else []
    made(asked.volume, TINY_FILES if asked.cpu else FILES)
    inside = side.volume or str(asked.volume)
    tell(tiny=bool(asked.cpu), load=os.getloadavg()[0])
    if asked.same:
        part("same", side.start("same", inside), end)
    skipped = [name for name in PARTS if name in asked.skip.split(",")]
    for metric in (metric for name in skipped for metric in PARTS[name]):
        tell(metric=metric, left_out="as host data ask (benchmark_skip)")
    if "start" not in skipped:
        part("forget", side.start("start", "forget"), end)
        for how in ("cold", "warm"):
            part("start", side.start("start", repr(time.monotonic())), end, how)
    if "models" not in skipped:
        part("work", side.start("work", inside, *tiny), end)
    if "together" not in skipped:
        backend = "gloo" if asked.cpu else "nccl"
        part("group", side.start("group", backend, str(asked.cpu), *tiny), end)
    return 0


def made(volume: Path, count: int) -> None:
    """Fill the volume: files of random bytes, each with its checksum first; the same each time."""
    volume.mkdir(parents=True, exist_ok=True)
    volume.chmod(0o755)
    for place in range(count):
        path = volume / f"{place:04}.bin"
        if path.exists():
            continue
        body = random.Random(place).randbytes(FILE_BYTES)
        path.write_bytes(zlib.crc32(body).to_bytes(4, "big") + body)
        path.chmod(0o644)
    os.sync()  # a page that is not written yet cannot be dropped


def part(name: str, running: Timed, end: float, suffix: str = "") -> None:
    """Wait for this program, repeat what it tells, and tell what went wrong."""
    done = running.ended(min(end, time.monotonic() + PART_S))
    left = "" if done else running.stop()
    for line in running.out.splitlines():
        if line.startswith(MARK):
            told = line[len(MARK) :]
            print(MARK + (_named(told, suffix) if suffix else told), flush=True)
    if not done or running.status:
        said = (running.err.strip().splitlines() or [f"exit status {running.status}"])[-1]
        why = said if done else f"no end in time{left}"
        tell(part=f"{name} {suffix}".strip(), why=why[:300])


def _named(text: str, suffix: str) -> str:
    try:
        told = json.loads(text)
    except ValueError:
        return text
    if isinstance(told, dict) and "metric" in told:
        told["metric"] = f"{told['metric']}_{suffix}"
    return json.dumps(told, sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())

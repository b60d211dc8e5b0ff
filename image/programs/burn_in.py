"""Load every GPU for hours with work whose results are checked; the first wrong one ends it.

``python -m image.programs.burn_in --seconds N FOLDER``

The folder gets ``result.json``, which is written anew every few seconds and says how far it is and
what was found, and ``samples.jsonl``: clock, power and temperature of each GPU over the time. What
is printed is one line of progress now and then. It judges nothing: deploys/verify.py does.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from image.programs.timed import Timed

LIB = Path(__file__).resolve().parents[2]
WRITTEN_EVERY_S, TOLD_EVERY_S = 5.0, 30.0
STALL_S = 300.0
"""Without a line of a process: the slowest part, patterns in 180 GB, takes less than a minute."""
START_S = 180.0
"""Until a process has imported torch and tells its GPU."""
SENSORS = {"temperature_c": "temperature", "power_w": "power", "sm_clock_mhz": "clock"}


class One:
    """One GPU as the burn-in sees it: what its process has told so far."""

    def __init__(self, name: str, folder: Path, seconds: float, tiny: bool) -> None:
        self.name, self.file = name, folder / f"told-{name.replace(':', '-')}"
        self.file.unlink(missing_ok=True)
        words = [sys.executable, "-m", "image.programs.burn_one", name, str(self.file)]
        words += [str(seconds), *(["tiny"] if tiny else [])]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(LIB)}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        self.process = Timed(words, environment)
        self.heard = time.monotonic()
        self.ended = False
        """Its process had ended before it was listened to last."""
        self._read = 0
        self.said: dict[str, Any] = {
            "device": name,
            "pci": None,
            "index": None,
            "passes": 0,
            "bytes": 0,
            "products": {},
            "samples": 0,
            "reasons": {},
            "wrong": None,
            "why": None,
            "done": False,
        }

    def listen(self, samples: Any) -> None:
        """Take in the lines that are new."""
        self.ended = self.process.status is not None
        try:
            with self.file.open("rb") as told:
                told.seek(self._read)
                new = told.read()
        except FileNotFoundError:
            return
        whole = new[: new.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.decode(errors="replace").splitlines():
            self.heard = time.monotonic()
            said = json.loads(line)
            self._take(said)
            if "sample" in said:
                samples.write(json.dumps({"device": self.name, **said}, sort_keys=True) + "\n")

    def _take(self, line: dict[str, Any]) -> None:
        said = self.said
        if "pci" in line:
            said.update(pci=line["pci"], index=line["index"], torch=line["torch"])
        elif "pass" in line:
            said.update(passes=said["passes"] + 1, bytes=line["bytes"])
        elif "products" in line:
            kind = said["products"].setdefault(line["type"], {"count": 0, "rate": 0.0, "least": 0})
            kind["count"] += line["products"]
            kind["least"] = min(kind["least"] or line["rate"], line["rate"])
            kind["rate"] = max(kind["rate"], line["rate"])
        elif "sample" in line:
            said["samples"] += 1
            for key, name in SENSORS.items():
                if (value := line.get(key)) is not None:
                    span = said.setdefault(name, {"least": value, "most": value})
                    span.update(least=min(span["least"], value), most=max(span["most"], value))
                    span["last"] = value
            for reason in line.get("reasons", ()):
                said["reasons"][reason] = said["reasons"].get(reason, 0) + 1
        else:
            for key in ("wrong", "why"):
                said[key] = line.get(key, said[key])
            said["done"] = "done" in line

    @property
    def fault(self) -> str | None:
        """Why this GPU does not go on; None: it does, or is done."""
        said = self.said
        if said["wrong"] is not None:
            return "a wrong result"
        if said["why"] is not None:
            return str(said["why"])
        if said["done"]:
            return None
        if self.ended:
            last = (self.process.err.strip().splitlines() or [f"exit {self.process.status}"])[-1]
            return f"its process ended: {last[:300]}"
        limit = STALL_S if said["pci"] or said["index"] is not None else START_S
        silent = time.monotonic() - self.heard
        return f"no sign of life for {silent:.0f} s" if silent > limit else None


def main() -> int:
    """Load all GPUs and keep the books."""
    parser = argparse.ArgumentParser(prog="burn-in", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--cpu", type=int, default=0, metavar="N", help="no GPU: N processes, tiny")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, _stopped)
    try:
        torch: Any = importlib.import_module("torch")
        gpus = 0 if asked.cpu else int(torch.cuda.device_count())
        why = "torch sees no GPU here"
    except Exception as failed:
        gpus, why = 0, " ".join(f"{type(failed).__name__}: {failed}".split())[:300]
    devices = [f"cuda:{n}" for n in range(gpus)] or [f"cpu:{n}" for n in range(asked.cpu)]
    book = Book(asked.folder, asked.seconds, bool(asked.cpu))
    if not devices:
        return book.close("nothing", why)
    with (asked.folder / "samples.jsonl").open("w", encoding="utf-8", buffering=1) as samples:
        ones = [One(name, asked.folder, asked.seconds, bool(asked.cpu)) for name in devices]
        try:
            return burn(book, ones, samples)
        except _StoppedError:
            return book.close("stopped", "somebody stopped it")
        finally:
            left = "".join(one.process.stop() for one in ones)
            if left:
                print(left.lstrip("; "), flush=True)


def burn(book: Book, ones: list[One], samples: Any) -> int:
    """Listen until all are done, or one has a fault."""
    book.ones = ones
    while True:
        for one in ones:
            one.listen(samples)
        faults = [(one, fault) for one in ones if (fault := one.fault)]
        if faults:
            one, fault = faults[0]
            # Who else had a wrong result in the same moment is told as well.
            for other in ones:
                other.listen(samples)
            wrong = any(o.said["wrong"] is not None for o in ones)
            return book.close("wrong" if wrong else "failed", f"{one.name}: {fault}")
        if all(one.said["done"] for one in ones):
            return book.close("done", None)
        book.keep()
        time.sleep(0.02 if book.tiny else 0.5)


class Book:
    """What is known, written anew now and then; whole or not at all."""

    def __init__(self, folder: Path, seconds: float, tiny: bool) -> None:
        self.folder, self.seconds, self.tiny = folder, seconds, tiny
        self.began = time.time()
        self._clock = time.monotonic()
        self._written = self._told = -1e9
        self.ones: list[One] = []

    def keep(self) -> None:
        """Write and print, where it is time."""
        now = time.monotonic()
        if now - self._written >= WRITTEN_EVERY_S:
            self._written = now
            self._write(None, None)
        if now - self._told >= TOLD_EVERY_S:
            self._told = now
            print(self.line(), flush=True)

    def close(self, ended: str, why: str | None) -> int:
        """The last word: ``done``, ``wrong``, ``failed``, ``stopped`` or ``nothing``."""
        self._write(ended, why)
        print(f"{ended}: {why}" if why else self.line(), flush=True)
        return 0 if ended == "done" else 1

    def line(self) -> str:
        """``0.5 of 8 h, 8 GPUs, 12 rounds of patterns and 40960 products right, 61 to 74 …``."""
        ran = time.monotonic() - self._clock
        said = [one.said for one in self.ones]
        passes = sum(one["passes"] for one in said)
        products = sum(kind["count"] for one in said for kind in one["products"].values())
        heat = [one["temperature"]["last"] for one in said if "temperature" in one]
        span = f", {min(heat):g} to {max(heat):g} degrees" if heat else ""
        return (
            f"{ran / 3600:.2f} of {self.seconds / 3600:.2f} h, {len(said)} GPUs, {passes} rounds "
            f"of patterns and {products} products right{span}"
        )

    def _write(self, ended: str | None, why: str | None) -> None:
        told = {
            "version": 1,
            "asked_s": self.seconds,
            "began": round(self.began),
            "at": round(time.time()),
            "ran_s": round(time.monotonic() - self._clock, 1),
            "tiny": self.tiny,
            "ended": ended,
            "why": why,
            "devices": [one.said for one in self.ones],
        }
        new = self.folder / "result.new"
        new.write_text(json.dumps(told, sort_keys=True) + "\n", encoding="utf-8")
        new.replace(self.folder / "result.json")


class _StoppedError(Exception):
    """systemctl stop."""


def _stopped(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _StoppedError


if __name__ == "__main__":
    sys.exit(main())

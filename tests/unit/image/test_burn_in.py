"""The books of a burn-in: what its processes tell, and when it ends. The processes are made up."""

from __future__ import annotations

import io
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from image.programs import burn_in
from image.programs.burn_in import Book, One, burn
from image.programs.timed import Timed

FIRST = {"pci": "0000:17:00.0", "index": 0, "torch": "2.9.1"}
ROUND = {"pass": 6, "bytes": 4096, "s": 1.0}
SAMPLE = {"sample": 1.0, "temperature_c": 61, "power_w": 600.0, "sm_clock_mhz": 1900}
PRODUCTS = {"products": 160, "type": "bf16", "n": 64, "s": 1.0, "rate": 700.0}
DONE = {"done": 60.0}
WRONG = {"wrong": {"what": "memory", "pattern": "random", "words": 1, "at": 4}}


def one(monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, name: str = "cuda:0") -> One:
    """A GPU whose process is this program; it writes to the file that it is given."""

    def timed(words: list[str], environment: dict[str, str]) -> Timed:
        return Timed([sys.executable, "-c", f"import json, sys, time\nf = {words[4]!r}\n{body}"])

    monkeypatch.setattr(burn_in, "Timed", timed)
    return One(name, folder, 60, False)


def says(*lines: object, then: str = "") -> str:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return f"open(f, 'a').write({text!r})\n{then}"


def burnt(folder: Path, *ones: One) -> tuple[int, dict[str, Any]]:
    status = burn(Book(folder, 60, True), list(ones), io.StringIO())
    for other in ones:
        other.process.stop()
    return status, json.loads((folder / "result.json").read_text())


def test_all_that_is_told_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slower = {**PRODUCTS, "rate": 650.0}
    hotter = {**SAMPLE, "temperature_c": 70, "reasons": ["sw_power_cap"]}
    body = says(FIRST, ROUND, SAMPLE, PRODUCTS, slower, hotter, ROUND, DONE)
    status, told = burnt(tmp_path, one(monkeypatch, tmp_path, body))
    (device,) = told["devices"]
    assert (status, told["ended"], device["passes"]) == (0, "done", 2)
    assert device["products"]["bf16"] == {"count": 320, "rate": 700.0, "least": 650.0}
    assert device["temperature"] == {"least": 61, "most": 70, "last": 70}
    assert device["reasons"] == {"sw_power_cap": 1}


def test_first_wrong_result_ends_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    well = one(monkeypatch, tmp_path, says(FIRST, then="time.sleep(600)"))
    bad = one(monkeypatch, tmp_path, says(FIRST, WRONG), "cuda:1")
    status, told = burnt(tmp_path, well, bad)
    assert (status, told["ended"], told["why"]) == (1, "wrong", "cuda:1: a wrong result")
    assert told["devices"][1]["wrong"] == WRONG["wrong"]
    assert well.process.status is not None


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (says(FIRST, {"why": "CUDA error"}), "cuda:0: CUDA error"),
        ("sys.exit('killed by the kernel')", "cuda:0: its process ended: killed by the kernel"),
        (says(FIRST, then="sys.exit(7)"), "cuda:0: its process ended: exit 7"),
    ],
)
def test_process_that_ends_early_is_a_fault(
    body: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, told = burnt(tmp_path, one(monkeypatch, tmp_path, body))
    assert (status, told["ended"], told["why"]) == (1, "failed", why)


def test_gpu_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(burn_in, "STALL_S", 0.5)
    body = says(FIRST, ROUND, then="time.sleep(600)")
    status, told = burnt(tmp_path, one(monkeypatch, tmp_path, body))
    assert (status, told["ended"]) == (1, "failed")
    assert told["why"].startswith("cuda:0: no sign of life for ")


def test_half_a_line_is_read_when_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = one(monkeypatch, tmp_path, "time.sleep(600)")
    line = json.dumps(ROUND)
    told.file.write_text(line[:7])
    told.listen(io.StringIO())
    assert told.said["passes"] == 0
    told.file.write_text(line + "\n")
    told.listen(io.StringIO())
    told.process.stop()
    assert told.said["passes"] == 1


def test_result_is_whole_at_every_moment_and_progress_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(burn_in, "WRITTEN_EVERY_S", 0.0)
    book = Book(tmp_path, 7200, False)
    book.ones = [told := one(monkeypatch, tmp_path, says(FIRST, ROUND, SAMPLE, PRODUCTS, DONE))]
    deadline = time.monotonic() + 20
    while not told.said["done"]:
        assert time.monotonic() < deadline
        told.listen(io.StringIO())
        book.keep()
        assert json.loads((tmp_path / "result.json").read_text())["ended"] is None
    told.process.stop()
    assert capsys.readouterr().out.splitlines()[0].startswith("0.00 of 2.00 h, 1 GPUs, ")
    assert book.line().endswith("1 rounds of patterns and 160 products right, 61 to 61 degrees")

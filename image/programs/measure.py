"""How fast are the GPUs here: one by one, all at once, and together. Results are checked.

On a host: ``/opt/gpuwright/bin/gpuwright-measure``; in the image: ``docker run --rm --gpus all
IMAGE measure``. It prints one line of JSON per value, each after ``##gpuwright-measure``, and
judges nothing: deploys/verify.py does.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from image.programs.measure_timing import MARK, tell
from image.programs.timed import Timed

LIB = Path(__file__).resolve().parents[2]
LIMIT_S = 280
START_S = 60
"""For importing torch in all processes at once."""
DRAWN_OUT_S = 90
"""For one GPU to measure everything."""


def main() -> int:
    """Measure all that is here, and tell."""
    parser = argparse.ArgumentParser(prog="measure", description=__doc__)
    parser.add_argument("--host", action="store_true", help="on a host, in its environment")
    parser.add_argument("--json", action="store_true", help="as it always is; for likeness")
    parser.add_argument("--limit", type=int, default=LIMIT_S, metavar="SECONDS")
    parser.add_argument("--cpu", type=int, default=0, metavar="N", help="no GPU: N processes, tiny")
    asked = parser.parse_args()
    end = time.monotonic() + asked.limit
    torch: Any = importlib.import_module("torch")
    gpus = 0 if asked.cpu else torch.cuda.device_count()
    nccl = gpus > 0 and torch.distributed.is_available() and torch.distributed.is_nccl_available()
    devices = [f"cuda:{n}" for n in range(gpus)] or ["cpu"] * asked.cpu
    tell(torch=str(torch.__version__), cuda=torch.version.cuda, gpus=gpus, tiny=bool(asked.cpu))
    if not devices:
        tell(why="torch sees no GPU here; --cpu N measures tiny sizes on the CPU")
        return 3
    one_by_one(devices, bool(asked.cpu), end)
    if nccl:
        together("nccl", gpus, False, end, {"NCCL_DEBUG": "INFO"})
        if gpus > 2:
            together("nccl", gpus, False, end, {"NCCL_NVLS_ENABLE": "0"})
    elif asked.cpu > 1:
        together("gloo", asked.cpu, True, end, {})
    else:
        tell(metric="allreduce_busbw", left_out="no NCCL in this torch")
    return 0


def one_by_one(devices: list[str], tiny: bool, end: float) -> None:
    """Each device alone and then all at once, each in its own process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        marks = [f"cpu-{n}" if d == "cpu" else d.replace(":", "-") for n, d in enumerate(devices)]
        named = [f"cpu:{n}" if d == "cpu" else d for n, d in enumerate(devices)]
        ranks = [_start("measure_one", d, name, *(["tiny"] if tiny else [])) for d in named]
        try:
            turns = [(f"alone-{mark}", [f"ready-together-{mark}"]) for mark in marks]
            if len(devices) > 1:
                turns.append(("together", [f"ready-end-{mark}" for mark in marks]))
            _wait(folder, [f"ready-alone-{mark}" for mark in marks], ranks, _by(end, START_S))
            for go, wanted in turns:
                (folder / go).touch()
                if not _wait(folder, wanted, ranks, _by(end, DRAWN_OUT_S)):
                    lacking = ", ".join(w for w in wanted if not (folder / w).exists())
                    tell(metric="turn", turn=go, why=f"no end in time: {lacking}")
            (folder / "end").touch()
            for rank in ranks:
                rank.ended(_by(end, 5))
        finally:
            left = "".join(rank.stop() for rank in ranks)
        _repeat(ranks)
        for mark, rank in zip(marks, ranks, strict=True):
            if rank.status:
                last = (rank.err.strip().splitlines() or ["it was killed"])[-1][:300]
                tell(metric="process", device=mark, why=f"{last}{left}")


def together(backend: str, world: int, tiny: bool, end: float, extra: dict[str, str]) -> None:
    """All-reduce and a training step over all of them."""
    environment = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo", **extra}
    words = [*(["tiny"] if tiny else []), *(["peers"] if "NCCL_DEBUG" in extra else [])]
    with tempfile.TemporaryDirectory() as name:
        ranks = [
            _start(
                "measure_group",
                backend,
                str(rank),
                str(world),
                f"{name}/meeting",
                *words,
                environment=environment,
            )
            for rank in range(world)
        ]
        while time.monotonic() < end and not all(r.ended(time.monotonic() + 0.1) for r in ranks):
            if any(rank.status for rank in ranks):
                break
        by_itself = [rank.status for rank in ranks]
        left = "".join(rank.stop() for rank in ranks)
    nvls = used_nvls(ranks[0].out) if extra.get("NCCL_NVLS_ENABLE") != "0" else False
    _repeat(ranks[:1], lambda line: line.replace("{", f'{{"nvls": {_json(nvls)}, ', 1))
    if any(rank.status for rank in ranks):
        bad = next((r.err.strip() for r in ranks if r.status and r.status > 0), "")
        signals = [-status for status in by_itself if status and status < 0]
        ended = f"ended by signal {signals[0]}" if signals else "no end in time: killed"
        last = (bad.splitlines() or [ended])[-1][:300]
        tell(metric="allreduce_busbw", gpus=world, backend=backend, why=f"{last}{left}")


def used_nvls(said: str) -> bool | None:
    """Whether NCCL added in the NVSwitches, by its own words; None: it does not say."""
    if "NVLS multicast support is not available" in said or "NVLS" not in said:
        return False if "NCCL INFO" in said else None
    return True if "NVLS multicast support is available" in said else None


def _json(value: bool | None) -> str:
    return {True: "true", False: "false", None: "null"}[value]


def _by(end: float, seconds: float) -> float:
    return min(end, time.monotonic() + seconds)


def _start(module: str, *words: str, environment: dict[str, str] | None = None) -> Timed:
    whole = {**os.environ, **(environment or {})}
    whole.update(OMP_NUM_THREADS="1", PYTHONPATH=str(LIB), PYTHONDONTWRITEBYTECODE="1")
    return Timed([sys.executable, "-m", f"image.programs.{module}", *words], whole)


def _wait(folder: Path, wanted: list[str], ranks: list[Timed], end: float) -> bool:
    """Until all these files are there; not longer than that, or than the processes live."""
    while not all((folder / name).exists() for name in wanted):
        if time.monotonic() > end or all(rank.status is not None for rank in ranks):
            return False
        time.sleep(0.02)
    return True


def _repeat(ranks: list[Timed], change: Callable[[str], str] = str) -> None:
    for rank in ranks:
        for line in rank.out.splitlines():
            if line.startswith(MARK):
                print(MARK + change(line[len(MARK) :]), flush=True)


if __name__ == "__main__":
    sys.exit(main())

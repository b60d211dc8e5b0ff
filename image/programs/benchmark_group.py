"""Processes that train BERT together: how long a step takes, and NCCL's share of it.

`main` starts them and repeats what the first one tells; `rank` is what each of them does.
"""

from __future__ import annotations

import datetime
import importlib
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from image.programs import benchmark_models
from image.programs.benchmark_work import MARK, NO_GPU, autocast, tell, waiter
from image.programs.timed import Timed

FOLDER = Path(__file__).resolve().parents[2]
SECONDS = 120
LIMIT_S = 220
STEPS, TINY_STEPS, LOOKED_AT = 30, 8, 3


def main() -> int:
    """``BACKEND WORLD [tiny]``: start the processes, wait, repeat what the first one tells.

    A WORLD of 0 is as many as there are GPUs.
    """
    backend, world, tiny = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    if not world:
        torch: Any = importlib.import_module("torch")
        world = int(torch.cuda.device_count())
    if not world:
        tell(metric="bert_step", why=NO_GPU)
        return 3
    # All of them are in this machine, and a container may have no other network.
    environment = {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo", **os.environ}
    if backend == "gloo":
        environment["OMP_NUM_THREADS"] = "1"
    end = time.monotonic() + LIMIT_S
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-I", "-B", str(FOLDER), "rank", backend, str(world)]
        ranks = [
            Timed([*words, f"{folder}/meeting", str(rank), *tiny], environment)
            for rank in range(world)
        ]
        while time.monotonic() < end and not all(r.ended(time.monotonic() + 0.1) for r in ranks):
            if any(rank.status for rank in ranks):
                break  # the others would wait for it
        ended = [rank.status for rank in ranks]
        left = "".join(rank.stop() for rank in ranks)
    for line in ranks[0].out.splitlines():
        if line.startswith(MARK):
            print(line, flush=True)
    if any(status != 0 for status in ended):
        said = [rank.err.strip() for rank, status in zip(ranks, ended, strict=True) if status]
        last = (next((text for text in said if text), "") or "no end in time").splitlines()[-1]
        tell(metric="bert_step", why=f"{last[:300]}{left}")
        return 1
    return 0


def rank() -> int:
    """``BACKEND WORLD MEETING_FILE RANK [tiny]``: meet the others, train; the first one tells."""
    backend, world, own = sys.argv[1], int(sys.argv[2]), int(sys.argv[4])
    tiny = "tiny" in sys.argv[5:]
    torch: Any = importlib.import_module("torch")
    dist: Any = importlib.import_module("torch.distributed")
    device = f"cuda:{own}" if backend == "nccl" else "cpu"
    if backend == "nccl":
        torch.cuda.set_device(own)
    dist.init_process_group(
        backend,
        init_method=f"file://{sys.argv[3]}",
        rank=own,
        world_size=world,
        timeout=datetime.timedelta(seconds=SECONDS),
    )
    found = trained(torch, dist, device, tiny)
    for one in found if own == 0 else ():
        tell(backend=backend, world=world, **one)
    dist.barrier()  # who leaves first would break the line to the others
    dist.destroy_process_group()
    return 0


def trained(torch: Any, dist: Any, device: str, tiny: bool) -> list[dict[str, Any]]:
    """Milliseconds of a step, and the share; models must stay the same, and the loss must fall."""
    parallel: Any = importlib.import_module("torch.nn.parallel")
    size = benchmark_models.TINY_BERT if tiny else benchmark_models.BERT
    torch.manual_seed(0)
    model = parallel.DistributedDataParallel(benchmark_models.bert(torch, tiny).to(device))
    torch.manual_seed(1 + dist.get_rank())
    ids = torch.randint(0, size["words"], (4 if tiny else 32, size["length"]), device=device)
    wanted = torch.randint(0, size["words"], ids.shape, device=device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    wait = waiter(torch, device)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        with autocast(torch, device):
            told = model(ids).flatten(0, 1)
        loss = torch.nn.functional.cross_entropy(told.float(), wanted.flatten())
        loss.backward()
        optimizer.step()
        return loss

    losses = [float(step().detach()) for _ in range(5)]
    steps = TINY_STEPS if tiny else STEPS
    wait()
    dist.barrier()
    began = time.perf_counter()
    for _ in range(steps):
        loss = step()
    wait()
    seconds = (time.perf_counter() - began) / steps
    last = float(loss.detach())
    share = looked_at(torch, device, step, wait)
    high = torch.cat([p.detach().flatten()[:4096] for p in model.parameters()])
    low = high.clone()
    dist.all_reduce(high, op=dist.ReduceOp.MAX)
    dist.all_reduce(low, op=dist.ReduceOp.MIN)
    right = bool(torch.equal(high, low)) and math.isfinite(last) and last < losses[0]
    found = [{"metric": "bert_step", "value": seconds * 1e3, "right": right, "loss": losses[-1]}]
    if dist.get_world_size() == 1:
        why = "one GPU adds nothing up: no share of NCCL"
        found.append({"metric": "collective_share", "left_out": why})
    elif share is None:
        why = "the profiler saw no all-reduce"
        found.append({"metric": "collective_share", "why": why})
    else:
        found.append({"metric": "collective_share", "value": share, "right": right})
    return found


def looked_at(torch: Any, device: str, step: Any, wait: Any) -> float | None:
    """The share of some steps' time that adding up takes, by torch's profiler."""
    profiler: Any = importlib.import_module("torch.profiler")
    kinds = [profiler.ProfilerActivity.CPU]
    if device != "cpu":
        kinds.append(profiler.ProfilerActivity.CUDA)
    began = time.perf_counter()
    with profiler.profile(activities=kinds) as seen:
        for _ in range(LOOKED_AT):
            step()
        wait()
    wall = (time.perf_counter() - began) * 1e6
    events = [(str(e.name), str(e.device_type), e.time_range.elapsed_us()) for e in seen.events()]
    return share_of(events, device != "cpu", wall)


def share_of(events: Iterable[tuple[str, str, float]], gpu: bool, wall: float) -> float | None:
    """Of a GPU: NCCL's kernels by all kernels, as torch's own table counts "Self CUDA %".

    Of the CPU: gloo's all-reduce by the time that passed. None: there was none.

    Args:
        events: Name, kind of device and microseconds.
        gpu: Whether kernels are counted.
        wall: Microseconds that passed.
    """
    kind, word = ("CUDA", "nccl") if gpu else ("CPU", "gloo:all_reduce")
    own = [(name, took) for name, device, took in events if device.endswith(kind)]
    added = sum(took for name, took in own if name.lower().startswith(word))
    whole = sum(took for _, took in own) if gpu else wall
    return added / whole if added and whole else None

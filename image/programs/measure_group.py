"""One of the processes that measure together: all-reduce over all GPUs, and a data-parallel step.

``python -m image.programs.measure_group BACKEND RANK WORLD MEETING_FILE [tiny] [peers]``

Rank 0 tells. ``peers``: first the copies from each GPU to the next, by rank 0 alone.
"""

from __future__ import annotations

import datetime
import importlib
import sys
import time
from collections.abc import Iterator
from typing import Any

from image.programs.measure_timing import GIB, Device, tell, timed

BLOCK = 256 * 2**20
SECONDS = 120


def main() -> int:
    """Meet the others, measure, tell."""
    backend, rank, world = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    tiny = "tiny" in sys.argv[5:]
    torch: Any = importlib.import_module("torch")
    dist: Any = importlib.import_module("torch.distributed")
    device = Device(torch, f"cuda:{rank}" if backend == "nccl" else "cpu", tiny)
    dist.init_process_group(
        backend,
        init_method=f"file://{sys.argv[4]}",
        rank=rank,
        world_size=world,
        timeout=datetime.timedelta(seconds=SECONDS),
    )
    if "peers" in sys.argv[5:] and rank == 0 and backend == "nccl":
        for found in peers(torch, world, 2**20 if tiny else BLOCK):
            tell(how="alone", tiny=tiny, **found)
    for found in (all_reduce(torch, dist, device, tiny), step(torch, dist, device, tiny)):
        if rank == 0:
            tell(how="together", gpus=world, backend=backend, tiny=tiny, **found)
    dist.barrier()  # who leaves first would break the line to the others
    dist.destroy_process_group()
    return 0


def peers(torch: Any, world: int, size: int) -> Iterator[dict[str, Any]]:
    """From each GPU to the next: copies, and whether the driver lets them go straight."""
    for one in range(world if world > 1 else 0):
        other = (one + 1) % world
        device = Device(torch, f"cuda:{one}")
        source = torch.randint(0, 255, (size,), dtype=torch.uint8, device=f"cuda:{one}")
        target = torch.empty(size, dtype=torch.uint8, device=f"cuda:{other}")

        def work(source: Any = source, target: Any = target, other: int = other) -> None:
            target.copy_(source, non_blocking=True)
            torch.cuda.synchronize(other)

        found = timed(device, work, 1.0)
        yield {
            "metric": "p2p_bandwidth",
            "gpu": device.pci,
            "index": one,
            "to": other,
            "straight": bool(torch.cuda.can_device_access_peer(one, other)),
            "value": size / found.pop("seconds") / 1e9,
            "right": bool(torch.equal(source.cpu(), target.cpu())),
            **found,
        }
    torch.cuda.set_device(0)


def all_reduce(torch: Any, dist: Any, device: Device, tiny: bool) -> dict[str, Any]:
    """Bus bandwidth as nccl-tests counts it: 2 (n - 1) / n times the bytes, by the time."""
    world, rank = dist.get_world_size(), dist.get_rank()
    count = (2**16 if tiny else GIB) // 4
    values = torch.full((count,), float(rank + 1), device=device.name)
    dist.all_reduce(values)
    wanted = world * (world + 1) / 2
    right = bool((values == wanted).all())
    values.uniform_()

    def work() -> None:
        dist.all_reduce(values)

    seconds, spread = _together(torch, dist, device, work)
    return {
        "metric": "allreduce_busbw",
        "value": 2 * (world - 1) / world * count * 4 / seconds / 1e9,
        "bytes": count * 4,
        "spread": spread,
        "right": right,
        **device.sensors(),
    }


def step(torch: Any, dist: Any, device: Device, tiny: bool) -> dict[str, Any]:
    """Seconds of one data-parallel training step, and whether all models stayed the same."""
    parallel: Any = importlib.import_module("torch.nn.parallel")
    width, layers = (32, 2) if tiny else (4096, 8)
    torch.manual_seed(0)
    stack = [
        layer for _ in range(layers) for layer in (torch.nn.Linear(width, width), torch.nn.ReLU())
    ]
    model = parallel.DistributedDataParallel(torch.nn.Sequential(*stack).to(device.name))
    torch.manual_seed(1 + dist.get_rank())
    data = torch.randn(64, width, device=device.name)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)

    def work() -> None:
        optimizer.zero_grad()
        model(data).square().mean().backward()
        optimizer.step()

    seconds, spread = _together(torch, dist, device, work)
    high = torch.cat([p.detach().flatten()[:4096] for p in model.parameters()])
    low = high.clone()
    dist.all_reduce(high, op=dist.ReduceOp.MAX)
    dist.all_reduce(low, op=dist.ReduceOp.MIN)
    right = bool(torch.equal(high, low))
    return {"metric": "ddp_step", "value": seconds, "spread": spread, "right": right}


def _together(torch: Any, dist: Any, device: Device, work: Any) -> tuple[float, float]:
    """Seconds and spread; every process does the same number of runs, else they wait for ever."""
    for _ in range(5):
        work()
    taken = []
    for _ in range(5):
        device.wait()
        dist.barrier()
        began = time.perf_counter()
        for _ in range(4):
            work()
        device.wait()
        taken.append((time.perf_counter() - began) / 4)
    return min(taken), (max(taken) - min(taken)) / max(taken)


if __name__ == "__main__":
    sys.exit(main())

"""One of the processes of the self-test: an all-reduce, and steps of data-parallel training.

``python -m image.programs.collective BACKEND RANK WORLD MEETING_FILE``

Rank 0 prints one JSON object. The sizes are small: it is shown that the parts work together, and
nothing about speed.
"""

from __future__ import annotations

import datetime
import importlib
import json
import sys
from typing import Any

STEPS = 5
SECONDS = 120


def main() -> int:
    """Meet the others, compute, tell."""
    backend, rank, world = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch: Any = importlib.import_module("torch")
    dist: Any = importlib.import_module("torch.distributed")
    if backend == "nccl":
        torch.cuda.set_device(rank)
    device = f"cuda:{rank}" if backend == "nccl" else "cpu"
    dist.init_process_group(
        backend,
        init_method=f"file://{sys.argv[4]}",
        rank=rank,
        world_size=world,
        timeout=datetime.timedelta(seconds=SECONDS),
    )
    total = all_reduce(torch, dist, rank, device)
    losses, apart = train(torch, dist, rank, device)
    dist.destroy_process_group()
    if rank == 0:
        print(
            json.dumps(
                {
                    "sum": total,
                    "expected": world * (world + 1) // 2,
                    "losses": losses,
                    "apart": apart,
                }
            )
        )
    return 0


def all_reduce(torch: Any, dist: Any, rank: int, device: str) -> int:
    """The sum of rank + 1 over all processes, over a million elements that must agree.

    -1 where they do not.
    """
    values = torch.full((2**20,), rank + 1, dtype=torch.float32, device=device)
    dist.all_reduce(values)
    return int(values[0]) if bool((values == values[0]).all()) else -1


def train(torch: Any, dist: Any, rank: int, device: str) -> tuple[list[float], float]:
    """Losses of the steps, and how far the processes' parameters are apart at the end: 0.

    Each process sees other data, so only averaged gradients keep their models equal.
    """
    parallel: Any = importlib.import_module("torch.nn.parallel")
    torch.manual_seed(0)
    model = parallel.DistributedDataParallel(
        torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1)).to(
            device
        )
    )
    torch.manual_seed(1 + rank)
    data = torch.randn(256, 64, device=device)
    wanted = data.sum(dim=1, keepdim=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(data), wanted)
        loss.backward()
        optimizer.step()
        mean = loss.detach().clone()
        dist.all_reduce(mean)
        losses.append(float(mean) / dist.get_world_size())
    flat = torch.cat([p.detach().flatten() for p in model.parameters()])
    high, low = flat.clone(), flat.clone()
    dist.all_reduce(high, op=dist.ReduceOp.MAX)
    dist.all_reduce(low, op=dist.ReduceOp.MIN)
    return losses, float((high - low).abs().max())


if __name__ == "__main__":
    sys.exit(main())

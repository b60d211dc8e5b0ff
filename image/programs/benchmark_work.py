"""What is measured in one process of a side: training, answers one by one, loading. All checked.

``work VOLUME [tiny]``; it prints lines of JSON after `MARK`.
"""

from __future__ import annotations

import importlib
import itertools
import json
import math
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from image.programs import benchmark_models

MARK = "##gpuwright-benchmark "
WARM_S, FOR_S = 3.0, 6.0
TINY_WARM_S, TINY_FOR_S = 0.3, 1.0
PASSES, TINY_PASSES = 1000, 40
LOADERS = 4
NO_GPU = "torch sees no GPU here, and tiny sizes for the CPU were not asked for"


def tell(**said: Any) -> None:
    """One line of the answer."""
    print(MARK + json.dumps(said, sort_keys=True), flush=True)


def main() -> int:
    """Measure each part; one that fails is told, and the others go on."""
    volume, tiny = Path(sys.argv[1]), "tiny" in sys.argv[2:]
    torch: Any = importlib.import_module("torch")
    if not tiny and not torch.cuda.is_available():
        tell(metric="resnet50_train", why=NO_GPU)
        return 3
    if tiny:
        torch.set_num_threads(1)  # two that wait for each other suffer most from other work
    device = "cpu" if tiny else "cuda"
    parts: tuple[tuple[str, Callable[[], Iterator[dict[str, Any]]]], ...] = (
        ("resnet50_train", lambda: training(torch, device, tiny)),
        ("detect", lambda: answers(torch, device, tiny)),
        ("loading", lambda: loading(torch, volume)),
    )
    for metric, part in parts:
        try:
            for found in part():
                tell(**found)
        except Exception as error:
            tell(metric=metric, why=" ".join(f"{type(error).__name__}: {error}".split())[:300])
    return 0


def waiter(torch: Any, device: str) -> Callable[[], None]:
    """What waits until all that was asked of the device is done."""
    return (lambda: None) if device == "cpu" else torch.cuda.synchronize


def autocast(torch: Any, device: str) -> Any:
    """bfloat16 where the GPU computes it, else float32."""
    able = device != "cpu" and torch.cuda.get_device_capability() >= (8, 0)
    return torch.autocast("cuda" if device != "cpu" else "cpu", torch.bfloat16, enabled=able)


def training(torch: Any, device: str, tiny: bool) -> Iterator[dict[str, Any]]:
    """Pictures per second of training; the loss of one and the same batch must fall."""
    torch.manual_seed(0)
    model = benchmark_models.resnet(torch, tiny).to(device, memory_format=torch.channels_last)
    side, batch = (64, 8) if tiny else (224, batch_of(torch))
    pictures = torch.randn(batch, 3, side, side, device=device)
    pictures = pictures.to(memory_format=torch.channels_last)
    wanted = torch.randint(0, 1000, (batch,), device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    wait = waiter(torch, device)

    def step() -> Any:
        optimizer.zero_grad(set_to_none=True)
        with autocast(torch, device):
            loss = torch.nn.functional.cross_entropy(model(pictures), wanted)
        loss.backward()
        optimizer.step()
        return loss

    # The same five steps on each side: their loss is compared between the sides.
    losses = [float(step().detach()) for _ in range(5)]
    until(step, wait, TINY_WARM_S if tiny else WARM_S)
    count, seconds = until(step, wait, TINY_FOR_S if tiny else FOR_S)
    last = float(step().detach())
    yield {
        "metric": "resnet50_train",
        "value": count * batch / seconds,
        "loss": losses[-1],
        "right": math.isfinite(last) and last < losses[0],
    }


def batch_of(torch: Any) -> int:
    """Pictures at once: 64 in half precision take some 8 GiB."""
    free, _ = torch.cuda.mem_get_info()
    return 64 if free > 12 * 2**30 else 16


def until(work: Callable[[], Any], wait: Callable[[], None], seconds: float) -> tuple[int, float]:
    """Work for so long; how often, and how long it took."""
    wait()
    began, count = time.perf_counter(), 0
    while not count or time.perf_counter() - began < seconds:
        work()
        count += 1
        if count % 4 == 0:
            wait()  # a GPU takes far more than it has done, and this would go on for longer
    wait()
    return count, time.perf_counter() - began


def answers(torch: Any, device: str, tiny: bool) -> Iterator[dict[str, Any]]:
    """Milliseconds of one picture after the other; the first answer must be the last one too."""
    torch.manual_seed(0)
    model = benchmark_models.detector(torch, tiny).to(device).eval()
    side = 128 if tiny else 640
    picture = torch.randn(1, 3, side, side, device=device)
    taken = []
    with torch.inference_mode():
        first = model(picture)[0].cpu()
        until(lambda: model(picture)[0].cpu(), lambda: None, TINY_WARM_S if tiny else WARM_S)
        for _ in range(TINY_PASSES if tiny else PASSES):
            began = time.perf_counter()
            scores, boxes = model(picture)
            scores, boxes = scores.cpu(), boxes.cpu()
            taken.append((time.perf_counter() - began) * 1e3)
    right = bool(torch.isfinite(boxes).all()) and bool(
        torch.allclose(first, scores, rtol=1e-2, atol=1e-3)
    )
    loss = float(scores.float().mean())
    steps = [abs(b - a) for a, b in itertools.pairwise(taken)]
    ordered = sorted(taken)
    for share in (50, 95, 99):
        value = ordered[math.ceil(share / 100 * len(ordered)) - 1]  # nearest rank
        yield {"metric": f"detect_p{share}", "value": value, "right": right, "loss": loss}
    yield {"metric": "detect_jitter", "value": sum(steps) / len(steps), "right": right}


class Files:
    """The files of the volume, each with the checksum of its bytes before them."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.glob("*.bin"))

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> tuple[Any, bool]:
        torch: Any = importlib.import_module("torch")
        data = bytearray(self.paths[place].read_bytes())
        right = zlib.crc32(data[4:]).to_bytes(4, "big") == bytes(data[:4])
        return torch.frombuffer(data, dtype=torch.uint8), right


def loading(torch: Any, volume: Path) -> Iterator[dict[str, Any]]:
    """MB/s of a loader with processes of its own, from files that are no more in memory."""
    files = Files(volume)
    if not len(files):
        raise ValueError(f"no files in {volume}")
    forget(files.paths)
    utils: Any = importlib.import_module("torch.utils.data")
    loader = utils.DataLoader(
        files, batch_size=4, num_workers=min(LOADERS, len(os.sched_getaffinity(0)))
    )
    began, size, seen, right = time.perf_counter(), 0, 0, True
    for data, good in loader:
        size += data.numel()
        seen += data.shape[0]
        right = right and bool(good.all())
    seconds = time.perf_counter() - began
    whole = right and seen == len(files)
    yield {"metric": "loading", "value": size / seconds / 1e6, "right": whole}


def forget(paths: list[Path]) -> None:
    """Let the kernel drop these files' pages, so that they come from the disk (posix_fadvise(2)).

    Pages that another program has mapped stay.
    """
    for path in paths:
        try:
            file = os.open(path, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError:
            pass
        finally:
            os.close(file)

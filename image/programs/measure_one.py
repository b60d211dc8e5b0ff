"""One process per GPU: memory, host and device, matrix products with their results checked.

``python -m image.programs.measure_one DEVICE FOLDER [tiny]``

It waits for files in the folder: ``alone-INDEX``, and then ``together``, when all measure at once.
"""

from __future__ import annotations

import functools
import importlib
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from image.programs.measure_timing import Device, tell, timed

SIZES = (4096, 8192, 16384)
"""Small cards are at their best with a small one, large cards with a large one."""
TINY = (64, 96)
BLOCK = 256 * 2**20
TYPES: dict[str, tuple[str, tuple[int, int], float]] = {
    "fp32": ("float32", (0, 0), 1e-3),
    "tf32": ("float32", (8, 0), 2e-2),
    "fp16": ("float16", (7, 0), 3e-2),
    "bf16": ("bfloat16", (8, 0), 1e-1),
}
"""Type: torch's name, from which compute capability on it is more than emulated, and how far a
result may be off, in units of the square root of the number of terms: inputs are normal, so that is
what the result itself is like."""


def main() -> int:
    """Wait for the turn, measure, wait for the others, measure again."""
    name, folder, tiny = sys.argv[1], Path(sys.argv[2]), "tiny" in sys.argv[3:]
    torch: Any = importlib.import_module("torch")
    device = Device(
        torch, name, tiny
    )  # "cpu:1" is one of several in a test: torch takes it for the CPU
    for how in ("alone", "together"):
        (folder / f"ready-{how}-{name.replace(':', '-')}").touch()
        wanted = folder / (f"alone-{name.replace(':', '-')}" if how == "alone" else how)
        while not wanted.exists():
            if (folder / "end").exists():
                return 0
            time.sleep(0.01)
        for found in measured(device, tiny, how == "together"):
            tell(gpu=device.pci, index=device.index, device=name, how=how, tiny=tiny, **found)
    (folder / f"ready-end-{name.replace(':', '-')}").touch()
    return 0


def measured(device: Device, tiny: bool, short: bool) -> Iterator[dict[str, Any]]:
    """Each metric; ``short``: those that suffer beside others."""
    for part in (memory, links, products):
        try:
            yield from part(device, tiny, short)
        except Exception as error:
            words = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            yield {"metric": part.__name__, "why": words}


def memory(device: Device, tiny: bool, short: bool) -> Iterator[dict[str, Any]]:
    """Bandwidth of the GPU's memory: a copy within it, read and written."""
    torch, size = device.torch, device.working_set(tiny)
    source = torch.randint(0, 255, (size,), dtype=torch.uint8, device=device.name)
    target = torch.empty_like(source)
    found = timed(device, lambda: target.copy_(source))
    right = bool(torch.equal(source, target))
    seconds = found.pop("seconds")
    yield {
        "metric": "hbm_bandwidth",
        "value": 2 * size / seconds / 1e9,
        "working_set": size,
        "right": right,
        **found,
    }


def links(device: Device, tiny: bool, short: bool) -> Iterator[dict[str, Any]]:
    """Host to device and back, from pinned memory."""
    torch, size = device.torch, 2**18 if tiny else BLOCK
    host = torch.randint(0, 255, (size,), dtype=torch.uint8)
    back = torch.empty_like(host)
    if device.is_gpu:
        host, back = host.pin_memory(), back.pin_memory()
    there = torch.empty(size, dtype=torch.uint8, device=device.name)
    for metric, work in (
        ("h2d_bandwidth", lambda: there.copy_(host, non_blocking=True)),
        ("d2h_bandwidth", lambda: back.copy_(there, non_blocking=True)),
    ):
        found = timed(device, work, 1.0)
        seconds = found.pop("seconds")
        # What came back is what was sent once both ways were gone.
        right = metric == "h2d_bandwidth" or bool(torch.equal(host, back))
        yield {"metric": metric, "value": size / seconds / 1e9, "right": right, **found}


def products(device: Device, tiny: bool, short: bool) -> Iterator[dict[str, Any]]:
    """Matrix products in each type that the GPU has, the best over the sizes."""
    for kind, (_, least, _) in TYPES.items():
        if device.capability < least:
            words = f"the GPU has no {kind}: compute capability {device.capability[0]}"
            yield {"metric": f"matmul_{kind}", "unsupported": words}
        elif not short or kind in ("fp32", "bf16" if device.capability >= (8, 0) else "fp16"):
            yield product(device, kind, TINY if tiny else SIZES[1:2] if short else SIZES)


def product(device: Device, kind: str, sizes: tuple[int, ...]) -> dict[str, Any]:
    """The best rate over the sizes; ``right``: every size gave right results, twice."""
    torch, (named, _, tolerance) = device.torch, TYPES[kind]
    torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
    best: dict[str, Any] = {}
    right, far = True, 0.0
    for n in sizes:
        if device.is_gpu and torch.cuda.mem_get_info(device.index)[0] < 6 * 4 * n * n:
            continue  # a Jetson, or a slice of a card
        dtype = getattr(torch, named)
        a = torch.randn(n, n, device=device.name).to(dtype)
        b = torch.randn(n, n, device=device.name).to(dtype)
        out = torch.empty(n, n, dtype=dtype, device=device.name)
        off = error(torch, a, b, torch.mm(a, b, out=out).clone(), n)
        found = timed(device, functools.partial(torch.mm, a, b, out=out), 1.0)
        off = max(off, error(torch, a, b, out, n))
        right, far = right and off <= tolerance, max(far, off)
        rate = 2 * n**3 / found.pop("seconds") / 1e12
        if rate > best.get("value", 0):
            best = {"value": rate, "n": n, **found}
    return {"metric": f"matmul_{kind}", "right": right, "off": far, "allowed": tolerance, **best}


def error(torch: Any, a: Any, b: Any, out: Any, n: int) -> float:
    """How far a result is off, in units of the square root of n; infinite where it is no number.

    Every row is held against the product with one vector, in double precision on the GPU's own
    memory; a block of 16 by 16 against the CPU, which shares no fault with it.
    """
    at = torch.randint(0, n, (16,))
    rows, columns = at.to(a.device), at.flip(0).to(a.device)
    cpu = a[rows].double().cpu() @ b[:, columns].double().cpu()
    seen = out[rows][:, columns].double().cpu()
    found = float((cpu - seen).abs().max()) / n**0.5
    vector = torch.randn(n, 1, device=a.device, dtype=torch.float32).sign().to(torch.float64)
    through = torch.cat([(part.double() @ vector) for part in b.split(1024)])
    wanted = torch.cat([(part.double() @ through) for part in a.split(1024)])
    told = torch.cat([(part.double() @ vector) for part in out.split(1024)])
    # A sum over n results that are each off by chance is off by the square root of n of that.
    whole = float((wanted - told).abs().max()) / n / 5
    return max(found, whole) if math.isfinite(found) and math.isfinite(whole) else math.inf


if __name__ == "__main__":
    sys.exit(main())

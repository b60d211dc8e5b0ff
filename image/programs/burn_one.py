"""One process per GPU of a burn-in: patterns in all of its memory, then products, again and again.

``python -m image.programs.burn_one DEVICE FILE SECONDS [tiny]``

Each line that it adds to the file is JSON: ``pass`` (a round of patterns that was right),
``products`` (so many of a type, all right), ``sample`` (the sensors), ``wrong`` (the first wrong
result, and the end), ``why`` (it cannot go on).
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from image.programs.measure_one import TYPES, error
from image.programs.measure_timing import Device

PATTERNS = (0, -1, 0x55555555, -0x55555556, "address", "random")
"""Words of 32 bits: all zeros, all ones, every other bit and its complement, each word's own number
(a line of an address that is stuck), and random ones (what depends on neighbours)."""
BLOCK = 2**26
"""Words: 256 MiB."""
SHARE, SHARED = 0.9, 0.5
"""Of the free memory; the latter of a Jetson's, which is the host's as well."""
SIZES = (8192, 4096, 2048)
SLICE_S = 60.0
"""Products between two rounds of patterns."""
SAMPLE_S = 10.0
TOGETHER = 16
"""Products between two looks at their results."""
TINY_WORDS, TINY_SIZE, TINY_SLICE_S = 2**14, 64, 0.05


class WrongError(Exception):
    """The first wrong result, as it is told."""

    def __init__(self, **said: Any) -> None:
        super().__init__("wrong")
        self.said = said


class Burning:
    """One GPU's work.

    Args:
        torch: The module.
        device: The GPU, or the CPU in its place in a test.
        seconds: How long.
        tell: Takes each line's values.
        tiny: At the sizes of a test.
    """

    def __init__(
        self,
        torch: Any,
        device: Device,
        seconds: float,
        tell: Callable[..., None],
        tiny: bool = False,
    ) -> None:
        self.torch, self.device, self.tell, self.tiny = torch, device, tell, tiny
        self.began = time.monotonic()
        self.end = self.began + seconds
        self._next_sample = self.began

    def go(self) -> None:
        """Until the end of its time. Raises `WrongError` at the first wrong result."""
        while time.monotonic() < self.end:
            began = time.monotonic()
            size = self.memory()
            self.tell(**{"pass": len(PATTERNS), "bytes": size, "s": time.monotonic() - began})
            slice_s = (TINY_SLICE_S if self.tiny else SLICE_S) / len(TYPES)
            for kind, (_, least, _) in TYPES.items():
                if self.device.capability >= least:
                    self.products(kind, min(self.end, time.monotonic() + slice_s))

    def memory(self) -> int:
        """Write each pattern into all free memory, then read it back; gives the bytes."""
        blocks = self._blocks()
        for pattern in PATTERNS:
            for n, block in enumerate(blocks):
                self._fill(block, pattern, n)
            for n, block in enumerate(blocks):
                self._compare(block, pattern, n)
            self.sample()
            if time.monotonic() >= self.end:
                break
        size: int = sum(block.numel() for block in blocks) * 4
        blocks.clear()
        self._release()
        return size

    def _blocks(self) -> list[Any]:
        torch, words = self.torch, TINY_WORDS if self.tiny else BLOCK
        if not self.device.is_gpu:
            return [torch.empty(words, dtype=torch.int32) for _ in range(2)]
        self._release()
        free, _ = torch.cuda.mem_get_info(self.device.index)
        shared = getattr(torch.cuda.get_device_properties(self.device.index), "is_integrated", 0)
        wanted = int(free * (SHARED if shared else SHARE)) // (words * 4)
        blocks: list[Any] = []
        for _ in range(wanted - 2):  # one to compare with, and its answer
            try:
                blocks.append(torch.empty(words, dtype=torch.int32, device=self.device.name))
            except torch.cuda.OutOfMemoryError:  # somebody else takes of it
                break
        if not blocks:
            raise MemoryError(f"{free >> 20} MiB of its memory are free, which is too little")
        return blocks

    def _fill(self, block: Any, pattern: int | str, n: int) -> None:
        if isinstance(pattern, int):
            block.fill_(pattern)
        else:
            block.copy_(self._wanted(block, pattern, n))

    def _wanted(self, block: Any, pattern: str, n: int) -> Any:
        """What the block should hold; made anew each time, always the same."""
        torch, size = self.torch, block.numel()
        if pattern == "address":
            first = (n * size) % 2**30
            return torch.arange(first, first + size, dtype=torch.int32, device=block.device)
        numbers = torch.Generator(device=block.device).manual_seed(n)
        return torch.randint(
            -(2**31), 2**31, (size,), dtype=torch.int32, device=block.device, generator=numbers
        )

    def _compare(self, block: Any, pattern: int | str, n: int) -> None:
        wanted = pattern if isinstance(pattern, int) else self._wanted(block, pattern, n)
        bad = block != wanted
        count = int(bad.sum())
        if count:
            at = int(bad.byte().argmax())
            name = pattern if isinstance(pattern, str) else f"0x{pattern & 0xFFFFFFFF:08x}"
            raise WrongError(
                what="memory", pattern=name, words=count, at=(n * block.numel() + at) * 4
            )

    def products(self, kind: str, end: float) -> None:
        """Products of the same two matrices until then: each is the first one, bit by bit.

        The first is held against the CPU and double precision. That the same library gives the
        same bits on the same GPU is what cuBLAS promises (its documentation, Results
        reproducibility), for one stream.
        """
        torch, (named, _, tolerance) = self.torch, TYPES[kind]
        torch.backends.cuda.matmul.allow_tf32 = kind == "tf32"
        n, dtype = self._size(), getattr(torch, named)
        a = torch.randn(n, n, device=self.device.name).to(dtype)
        b = torch.randn(n, n, device=self.device.name).to(dtype)
        first = torch.mm(a, b)
        off = error(torch, a, b, first, n)
        if not off <= tolerance:
            raise WrongError(what="product", type=kind, off=min(off, 1e9), allowed=tolerance)
        out = torch.empty_like(first)
        differing = torch.zeros((), dtype=torch.int64, device=self.device.name)
        began, done = time.monotonic(), 0
        while not done or time.monotonic() < end:
            for _ in range(TOGETHER):
                torch.mm(a, b, out=out)
                differing += (out != first).sum()  # what is no number differs as well
            done += TOGETHER
            if found := int(differing):
                raise WrongError(what="product", type=kind, values=found, after=done)
            self.sample()
        taken = time.monotonic() - began
        self.tell(products=done, type=kind, n=n, s=taken, rate=2 * n**3 * done / taken / 1e12)
        self._release()

    def _size(self) -> int:
        if self.tiny or not self.device.is_gpu:
            return TINY_SIZE
        free, _ = self.torch.cuda.mem_get_info(self.device.index)
        return next((n for n in SIZES if 6 * 4 * n * n <= free), SIZES[-1])

    def sample(self) -> None:
        """Tell the sensors, at most every `SAMPLE_S`."""
        now = time.monotonic()
        if now >= self._next_sample:
            self._next_sample = now + (TINY_SLICE_S if self.tiny else SAMPLE_S)
            self.tell(sample=round(now - self.began, 1), **self.device.sensors())

    def _release(self) -> None:
        if self.device.is_gpu:
            self.torch.cuda.empty_cache()


def lines(burning: Callable[[], None], device: Device) -> Iterator[dict[str, Any]]:
    """What is told at the end: nothing, a wrong result, or why it cannot go on."""
    try:
        burning()
        device.wait()
    except WrongError as wrong:
        yield {"wrong": wrong.said}
    except Exception as failed:
        yield {"why": " ".join(f"{type(failed).__name__}: {failed}".split())[:300]}


def main() -> int:
    """Load one GPU."""
    name, file, seconds, tiny = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    with file.open("a", encoding="utf-8", buffering=1) as told:

        def tell(**said: Any) -> None:
            told.write(json.dumps(said, sort_keys=True) + "\n")

        try:
            torch: Any = importlib.import_module("torch")
            device = Device(torch, name, bool(tiny))
        except Exception as failed:
            tell(why=" ".join(f"{type(failed).__name__}: {failed}".split())[:300])
            return 1
        tell(pci=device.pci, index=device.index, torch=str(torch.__version__))
        burning = Burning(torch, device, seconds, tell, bool(tiny))
        bad = list(lines(burning.go, device))
        for said in bad or [{"done": round(time.monotonic() - burning.began, 1)}]:
            tell(**said)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

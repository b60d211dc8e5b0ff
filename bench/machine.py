"""The machine that the figures are from, and whether it was calm."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.results import CHECKOUT

CALM = 0.5
"""One-minute load average up to which a machine counts as calm."""


def describe() -> dict[str, Any]:
    """Processor, cores, memory, load and commit at this moment."""
    model = re.search(r"^model name\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), re.MULTILINE)
    commit = subprocess.run(
        ["git", "-C", str(CHECKOUT), "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "processor": model[1] if model else "unknown",
        "cores": os.cpu_count(),
        "memory_mb": int(memory[1]) // 1024 if memory else None,
        "load": os.getloadavg()[0],
        "commit": commit.stdout.strip() or "unknown",
    }


def digest(texts: Iterable[str]) -> str:
    """12 hex digits over these texts: a figure counts as long as its recipe stays the same."""
    total = hashlib.sha256()
    for text in texts:
        total.update(hashlib.sha256(text.encode()).digest())
    return total.hexdigest()[:12]


def product() -> Iterable[str]:
    """The text of all product code: what our own run's figure depends on."""
    for room in ("deploys", "facts", "stacks", "tasks"):
        for file in sorted((CHECKOUT / room).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield f"{file.relative_to(CHECKOUT)}\n{file.read_text()}"


def _read(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")

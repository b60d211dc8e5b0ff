"""Resolve the controller's own dependencies again: ``python -m tests.project_lock``.

Writes ``requirements.lock`` at the root of the checkout, and of it the lines of uv for
``tasks/python/uv.txt``, by which a uv for hosts of another architecture is fetched. Pins that still
serve stay; with ``--upgrade`` the newest are taken. Only digests of wheels are written.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from stacks.locking import wheels

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
UV = ROOT / "tasks/python/uv.txt"
SECONDS = 600


def resolved(more: list[str]) -> str:
    """The text of the lock, resolved now. Raises `wheels.LockError`."""
    # Without it uv resolves for the interpreter that runs it and newer ones alone.
    (oldest,) = re.findall(r'(?m)^requires-python = ">=([0-9.]+)"$', PROJECT.read_text("utf-8"))
    target = ["--universal", f"--python-version={oldest}"]
    words = ["pyproject.toml", "--extra=dev", *target, "--generate-hashes"]
    words += ["--no-emit-index-url", f"--output-file={LOCK}", *more]
    # uv takes over digests of a pin that stays, and then lacks files that came to count.
    LOCK.write_text(re.sub(r"(?m) \\\n( +--hash=.*\n| +#.*\n)+", "\n", LOCK.read_text("utf-8")))
    wheels.compiled(words, SECONDS, folder=ROOT)
    text = LOCK.read_text(encoding="utf-8")
    return wheels.pinned(text, wheels.named(text, target, SECONDS))


def uv_part(lock: str) -> str:
    """The lines of a lock that pin uv, without what asks for it."""
    (block,) = re.findall(r"(?m)^uv==.*\n(?:[ ]+.*\n)+", lock)
    return "".join(line for line in block.splitlines(keepends=True) if "# via" not in line)


if __name__ == "__main__":
    former = LOCK.read_text(encoding="utf-8")
    try:
        made = resolved(sys.argv[1:])
    except wheels.LockError as error:
        LOCK.write_text(former, encoding="utf-8")
        sys.exit(f"requirements.lock is as it was: {error}")
    LOCK.write_text(made, encoding="utf-8")
    UV.write_text(uv_part(made), encoding="utf-8")

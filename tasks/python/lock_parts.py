"""A hash lock cut into what changes with a patch release of PyTorch and what does not. Pure."""

from __future__ import annotations

RELEASED_WITH_TORCH = ("torch", "triton", "torchvision", "torchaudio")
"""Packages whose version moves with every patch release (2.9.0 has triton 3.5.0, 2.9.1 has 3.5.1).
NVIDIA's libraries, which are by far the heavier part, do not move with it."""


def entries(lock: str) -> dict[str, str]:
    """Package to the lines that pin it, in the order of the lock.

    Comments and blank lines are left out.

    Raises:
        ValueError: A line is no part of a pinned requirement.
    """
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            name, equals, _ = line.partition("==")
            if not equals:
                raise ValueError(f"the lock has a line that pins nothing: {line!r}")
            found[name] = ""
        elif not name:
            raise ValueError(f"the lock begins with a line that belongs to nothing: {line!r}")
        found[name] += line + "\n"
    return found


def versions(lock: str) -> dict[str, str]:
    """Package to version: ``{"torch": "2.9.1"}``."""
    return {
        name: text.splitlines()[0].split("==", 1)[1].split()[0].rstrip(";")
        for name, text in entries(lock).items()
    }


def parts(lock: str) -> tuple[str, str]:
    """What torch needs, and torch with what is released with it: two locks of one."""
    pinned = entries(lock)
    torch = [text for name, text in pinned.items() if name in RELEASED_WITH_TORCH]
    needs = [text for name, text in pinned.items() if name not in RELEASED_WITH_TORCH]
    return "".join(needs), "".join(torch)

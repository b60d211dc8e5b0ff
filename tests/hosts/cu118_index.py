"""The stack whose wheel has CUDA 11.8, with stand-ins for what cannot be had here or is too big.

PyTorch's own index cannot be reached where tests run: torch and torchvision are stand-ins. Its CUDA
libraries and Triton are on the package index and have 1.9 GB together: stand-ins of their names and
versions, too. Everything else in the lock is the real package of the host's own index.
"""

from __future__ import annotations

import re
from pathlib import Path

from stacks.catalog.read import FOLDER
from tests.hosts import jetson_index

STACK, LOCK = "pytorch-2.7-cu118", "torch-2.7.1-cu118-cp311-x86_64.txt"
OWN = ("torch", "torchvision")
"""What PyTorch's own index alone has."""


def blocks(text: str) -> dict[str, str]:
    """Package to its lines of a lock."""
    return {block.split("==")[0]: block for block in re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]}


def shipped() -> dict[str, str]:
    """The shipped lock, by package."""
    return blocks((FOLDER / "locks" / LOCK).read_text())


def write(folder: Path, cuda: bool = False) -> Path:
    """Write ``folder``/index/cu118 and a copy of the stack with a lock that asks for it.

    ``cuda``: the real CUDA libraries, for a look by hand. Gives the path of the stack file.
    """
    index, lines = folder / "index" / "cu118", []
    for package, block in shipped().items():
        pin, version = block.split(" ")[0], block.split(" ")[0].partition("==")[2]
        big = package == "triton" or package.endswith("-cu11")
        if package == "torch":
            digest = jetson_index.write(index, version, "11.8", 90100)
        elif package in OWN or (big and not cuda):
            name = package.replace("-", "_")
            text = f'"""Stand-in, made by gpuwright\'s tests."""\n__version__ = "{version}"\n'
            digest = jetson_index.put(index, package, version, {f"{name}/__init__.py": text})
        else:
            lines.append(block)
            continue
        lines.append(f"{pin} \\\n    --hash=sha256:{digest}\n")
    (folder / "locks").mkdir()
    (folder / "locks" / LOCK).write_text("".join(lines))
    path = folder / f"{STACK}.yaml"
    path.write_text((FOLDER / path.name).read_text())
    return path

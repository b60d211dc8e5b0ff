"""``pip`` and ``uv`` for the container's user: they install into the layer (`layer`).

``python -m pip`` of the image and ``%pip`` in a notebook come here too. A virtual environment of
one's own is left alone: neither program is told anything about the layer there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import MutableMapping, Sequence
from pathlib import Path

from image.programs import place
from image.programs.layer import Layer, normal
from image.programs.settings import USAGE, RefusalError

ELSEWHERE = ("--python", "-p", "--system", "--target", "-t", "--prefix")
"""Options of ``uv pip`` that name another place."""


def pip() -> int:
    """Run pip in the layer."""
    return _run(None)


def uv() -> int:
    """Run uv; where ``uv pip`` names no place, in the layer."""
    binary = str(Layer("/").root / "lib" / "uv")
    words = sys.argv[1:]
    if not for_layer(words, os.environ, Path.cwd()):
        os.execv(binary, ["uv", *words])
    return _run(binary)


def for_layer(words: Sequence[str], environment: MutableMapping[str, str], here: Path) -> bool:
    """Whether a call of uv is about the layer: it installs, and names no other place.

    uv takes the active environment, else a ``.venv`` of this folder or of one above it (uv's
    documentation, "Using environments").
    """
    command = next((word for word in words if not word.startswith("-")), "")
    if command != "pip" or environment.get("VIRTUAL_ENV") or environment.get("UV_PYTHON"):
        return False
    if any(word.split("=")[0] in ELSEWHERE for word in words):
        return False
    return not any((folder / ".venv").exists() for folder in (here, *here.parents))


def fixed_names(words: Sequence[str], fixed: MutableMapping[str, str]) -> list[str]:
    """The image's packages that these words ask for by name."""
    names = []
    for word in words:
        found = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", word)
        if found and normal(found.group()) in fixed:
            names.append(normal(found.group()))
    return names


def _run(uv_binary: str | None) -> int:
    words, environment = sys.argv[1:], dict(os.environ)
    place.settle(environment)
    layer = Layer(environment["HOME"])
    try:
        layer.make()
    except RefusalError as refusal:
        print(refusal, file=sys.stderr)
        return USAGE
    if uv_binary:
        more = environment.get("UV_CONSTRAINT", "")
        environment["UV_CONSTRAINT"] = f"{layer.constraints} {more}".strip()
        environment["VIRTUAL_ENV"] = str(layer.folder)
        command = [uv_binary, *words]
    else:
        command = [str(layer.python), "-m", "pip", *words]
    status = subprocess.run(command, env=environment, check=False).returncode
    fixed = layer.fixed()
    named = fixed_names(words, fixed)
    if status and named:
        print(
            RefusalError(
                "IMAGE-FIXED",
                ", ".join(f"{name} {fixed[name]}" for name in named)
                + " belongs to this image and stays: it was locked and tested as a whole",
                "an environment of your own, python -m venv ~/own, or an image of another stack",
            ),
            file=sys.stderr,
        )
    return status if status >= 0 else 128 - status

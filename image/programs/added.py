"""What the self-test says about packages that were added to those of the image."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from image.programs.layer import Layer

WATCHED = ("torch", "torchvision", "torchaudio", "triton", "numpy")
"""Modules that must be the image's own where the image has them."""
SECONDS = 60
_LOOK = """\
import importlib.util, json, sys
found = {}
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    found[name] = spec.origin if spec else None
print(json.dumps(found))
"""


def told_in(found: dict[str, Any], home: str | None = None) -> dict[str, Any]:
    """The self-test's answer, with what was added; as it was on a host, which has no layer."""
    layer = Layer(home or os.environ.get("HOME") or "/home/user")
    fixed = layer.fixed()
    if not fixed:
        return found
    return judged(found, layer.added(), fixed, origins(layer, fixed), layer)


def judged(
    found: dict[str, Any],
    there: Mapping[str, str],
    fixed: Mapping[str, str],
    seen: Mapping[str, str | None],
    layer: Layer,
) -> dict[str, Any]:
    """The answer with a section ``added``. Pure.

    Args:
        found: The self-test's answer.
        there: What the layer holds.
        fixed: What the image holds.
        seen: Module to the file that a program of the user's imports it from.
        layer: Where both are.
    """
    own = f"{layer.locked_site}/"
    faults = [
        f"IMAGE-SHADOWED: «import {name}» takes {str(origin)[:200]} and not the image's own"
        for name, origin in seen.items()
        if origin is None or not origin.startswith(own)
    ]
    notes = [
        f"IMAGE-HIDDEN: {name} {version} was added to {layer.folder} and is not used: the image's "
        f"{fixed[name]} comes first"
        for name, version in there.items()
        if name in fixed
    ]
    verdict = found["verdict"]
    if notes and verdict == "OK":
        verdict = "WARN"
    return {
        **found,
        "verdict": "CRITICAL" if faults else verdict,
        "faults": [*found["faults"], *faults],
        "notes": [*found["notes"], *notes],
        "added": dict(there),
    }


def lines(found: Mapping[str, Any]) -> list[str]:
    """The section for a person."""
    there = found.get("added")
    if there is None:
        return []
    names = ", ".join(f"{name} {version}" for name, version in there.items())
    return [f"added to the image's packages: {names or 'nothing'}"]


def origins(layer: Layer, fixed: Mapping[str, str]) -> dict[str, str | None]:
    """Where a Python that is not isolated, as users start it, takes the watched modules from."""
    names = [name for name in WATCHED if name in fixed]
    try:
        done = subprocess.run(
            [str(layer.locked / "bin/python"), "-c", _LOOK, *names],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
        answer = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return dict.fromkeys(names)
    return {name: answer.get(name) for name in names} if isinstance(answer, dict) else {}

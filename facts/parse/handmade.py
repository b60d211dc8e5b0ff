"""PyTorch by the names of its folders, and NCCL's settings. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from facts.handmade_model import Handmade, Kind, PyTorch
from facts.model.settings import SettingLine
from facts.parse.sections import integer, split

MOST = 200
"""Environments of one host that are told."""
_INFO = re.compile(r"([A-Za-z0-9._]+)-([A-Za-z0-9.+!_]+)(?:-py3[0-9.]*)?\.(?:dist|egg)-info")
_CONDA = re.compile(r"pytorch-([A-Za-z0-9.+!]+)-([A-Za-z0-9._+]+)\.json")
_LINE = re.compile(r"^(/[^:]*):(\d{1,9}):(.*)$")
_PYTHON = re.compile(r"/python(3\.\d{1,2})/")


def handmade(output: Iterable[str]) -> Handmade:
    """The answer. Raises `ProbeError` where it is cut off."""
    transcript = split(output)
    parts = transcript["pytorch"].parts
    found = (_pytorch(title.removeprefix("site "), lines) for title, lines in parts[:MOST])
    lines = (m for line in transcript["nccl"].lines if (m := _LINE.match(line)))
    return Handmade(
        pytorch=tuple(one for one in found if one is not None),
        nccl=tuple(SettingLine(m[1], integer(m[2]) or 0, m[3].strip()) for m in lines),
        unread=dict(transcript.unread),
    )


def _pytorch(site: str, lines: list[str]) -> PyTorch | None:
    packages, build, others = {}, None, 0
    for line in lines:
        if match := _INFO.fullmatch(line):
            packages[re.sub(r"[-_.]+", "-", match[1]).lower()] = match[2]
        elif match := _CONDA.fullmatch(line):
            build = match[2]
        elif line.startswith("packages "):
            others = integer(line.removeprefix("packages ")) or 0
    if "torch" not in packages:
        return None
    prefix = re.split(r"/lib(?:64)?/python3", site, maxsplit=1)[0]
    python = _PYTHON.search(site)
    return PyTorch(
        prefix,
        _kind(prefix, lines),
        packages["torch"],
        python[1] if python else None,
        packages,
        build,
        others,
    )


def _kind(prefix: str, lines: list[str]) -> Kind:
    if "conda" in lines:
        return "conda"
    if "venv" in lines:
        return "venv"
    if prefix.endswith("/.local"):
        return "user"
    return "system" if prefix in ("/usr", "/usr/local") else "folder"

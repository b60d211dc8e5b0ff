"""CUDA toolkits, cuDNN and NCCL on the disk, outside of Python environments."""

from __future__ import annotations

import re

from facts.model.software import CudaToolkit, Cudnn, Nccl
from facts.parse import jsontext
from facts.parse.sections import Section

_RELEASE = re.compile(r"release (\d+\.\d+), (V[\d.]+)")
_TXT = re.compile(r"CUDA Version (\d[\d.]*)")
_MACRO = re.compile(r"^(/.+?):#define\s+(CUDNN|NCCL)_(MAJOR|MINOR|PATCHLEVEL|PATCH)\s+(\d{1,6})\b")


def _file_version(name: str, lines: list[str]) -> str | None:
    """``version.txt`` up to CUDA 11.0, ``version.json`` from 11.1 on."""
    text = "\n".join(lines)
    if name.endswith(".json"):
        try:
            return str(jsontext.loads(text)["cuda"]["version"])
        except (ValueError, KeyError, TypeError):
            return None
    match = _TXT.search(text)
    return match[1] if match else None


def cuda(section: Section) -> tuple[CudaToolkit, ...]:
    """Every toolkit folder, with what it says of itself."""
    found: list[CudaToolkit] = []
    path, version, nvcc, release, runfile = "", None, None, None, False

    def flush() -> None:
        if path:
            number = version or (".".join(release[1:].split(".")[:2]) if release else None)
            found.append(CudaToolkit(path, number, nvcc, release, runfile))

    for title, lines in section.parts:
        kind, _, rest = title.partition(" ")
        if kind == "toolkit":
            flush()
            path, version, nvcc, release = rest, None, None, None
            runfile = any(line.endswith("/cuda-uninstaller") for line in lines)
        elif kind == "nvcc":
            nvcc = rest
            match = _RELEASE.search("\n".join(lines))
            release = match[2] if match else None
        elif title.startswith(path + "/version."):
            version = version or _file_version(title, lines)
    flush()
    return tuple(found)


def prefix(path: str) -> str:
    """The folder above ``include``, ``lib``, ``lib64`` or ``targets`` of a path."""
    return re.split(r"/(?:include|lib64|lib|targets)(?:/|$)", path, maxsplit=1)[0] or "/"


def cudnn_nccl(section: Section) -> tuple[tuple[Cudnn, ...], tuple[Nccl, ...]]:
    """Both by prefix: versions from the headers' macros, libraries by their names."""
    target = section.first("cuda_link")

    def place(path: str) -> str:
        where = prefix(path)
        return target if target and where == "/usr/local/cuda" else where

    macros: dict[tuple[str, str], dict[str, str]] = {}
    for line in section.part("macros"):
        if match := _MACRO.match(line):
            kind, level = match[2], match[3].removesuffix("LEVEL")
            macros.setdefault((kind, place(match[1])), {})[level] = match[4]
    libraries: dict[tuple[str, str], set[str]] = {}
    for path in section.part("libraries"):
        kind = "NCCL" if "/libnccl" in path else "CUDNN"
        where = place(path)
        path = where + path[len(prefix(path)) :] if prefix(path) != where else path
        libraries.setdefault((kind, where), set()).add(path)

    def version(key: tuple[str, str]) -> str | None:
        numbers = macros.get(key, {})
        return ".".join(numbers[n] for n in ("MAJOR", "MINOR", "PATCH") if n in numbers) or None

    keys = sorted(macros.keys() | libraries.keys())
    return (
        tuple(
            Cudnn(where, version((kind, where)), tuple(sorted(libraries.get((kind, where), ()))))
            for kind, where in keys
            if kind == "CUDNN"
        ),
        tuple(Nccl(where, version((kind, where))) for kind, where in keys if kind == "NCCL"),
    )

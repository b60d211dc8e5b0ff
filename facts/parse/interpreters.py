"""Host compilers, Python interpreters, managed environments, pip's index."""

from __future__ import annotations

import configparser
import re

from facts.model.software import Compiler, Python, Venv
from facts.parse.sections import Section, fields

_KIND = re.compile(r"/(clang\+\+|clang|g\+\+|gcc)(?:-[\d.]+)?$")
_DIST = re.compile(r"/([^/]+)-([^/-]+)\.dist-info$")
_OF_INTEREST = re.compile(r"^(torch|torchvision|torchaudio|(pytorch-)?triton|nvidia-.*|cuda-.*)$")


def compilers(section: Section) -> tuple[Compiler, ...]:
    """Compilers that told their version."""
    found = []
    for line in section.lines:
        path, version = fields(line, 2)
        if version and (match := _KIND.search(path)):
            found.append(Compiler(path, match[1], version.strip()))
    return tuple(found)


def pythons(section: Section) -> tuple[Python, ...]:
    """Interpreters that told their version."""
    found = []
    for line in section.lines:
        path, said = fields(line, 2)
        if said.startswith("Python "):
            found.append(Python(path, said.removeprefix("Python ").strip()))
    return tuple(found)


def _venv(path: str, lines: list[str]) -> Venv:
    python = None
    packages = {}
    for line in lines:
        key, mark, value = line.partition("=")
        if mark and key.strip() in ("version", "version_info"):
            python = value.strip()
        elif match := _DIST.search(line):
            name = re.sub(r"[-_.]+", "-", match[1]).lower()
            if _OF_INTEREST.match(name):
                packages[name] = match[2]
    complete = f"{path}/.gpuwright-complete" in lines
    return Venv(path, complete, python, packages)


def venvs(section: Section) -> tuple[Venv, ...]:
    """Managed environments, read from the names of their dist-info folders."""
    return tuple(
        _venv(title.removeprefix("venv "), lines)
        for title, lines in section.parts
        if title.startswith("venv ")
    )


def pip_index(section: Section, unread: dict[str, str]) -> str | None:
    """``index-url`` that pip would use: environment, then user, then site
    (pip documentation, "Configuration", "Precedence").
    """
    value = section.first("PIP_INDEX_URL")
    # The script lists site files before the user's, so the last one wins.
    for _, lines in reversed(list(section.files())):
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            parser.read_string("\n".join(lines))
            value = value or parser.get("global", "index-url", fallback=None)
        except configparser.Error:
            continue
    if value and "://HIDDEN@" in value:
        unread["pip_index"] = "the host's pip address carries a password: name it in host data"
        return None
    return value or None

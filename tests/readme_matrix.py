"""The README's tables of what was carried out, made from ``stacks/catalog/support.yaml``.

Run as ``python -m tests.readme_matrix``: it writes them into the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from stacks.catalog.read import load_catalog
from stacks.catalog.support import Proof
from stacks.model.support import LEVELS, Part
from stacks.rules.elsewhere import called

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- made by `python -m tests.readme_matrix` -->", "<!-- until here -->"
_HOST: Mapping[str, tuple[Part, ...]] = {
    "driver": ("driver",),
    "CUDA of the system": ("cuda",),
    "cuDNN of the system": ("cudnn",),
    "torch": ("torch",),
}
_CONTAINERS: Mapping[str, tuple[Part, ...]] = {
    "engine": ("docker", "podman", "containerd"),
    "NVIDIA's toolkit": ("toolkit",),
    "image": ("image",),
}
_ORIGINS = {"nvidia": "NVIDIA", "debian": "Debian", "distribution": "archive", "docker": "Docker"}
Words = Mapping[Part, Mapping[str, Proof]]


def tables() -> str:
    """Both tables, and which releases have no row."""
    rows = [
        (_release(release, arch), parts)
        for release, arches in load_catalog().support.rows.items()
        for arch, parts in arches.items()
    ]
    parts = [_table("release", _HOST, rows), _table("containers", _CONTAINERS, rows)]
    return "\n\n".join((*parts, _others()))


def _table(
    first: str, columns: Mapping[str, tuple[Part, ...]], rows: Iterable[tuple[str, Words]]
) -> str:
    lines = [f"| {' | '.join((first, *columns))} |", "|" + " --- |" * (1 + len(columns))]
    for name, parts in rows:
        cells = [_cell(parts, wanted) for wanted in columns.values()]
        if any(cell != "–" for cell in cells):
            lines.append(f"| {' | '.join((name, *cells))} |")
    return "\n".join(lines)


def _cell(parts: Words, wanted: tuple[Part, ...]) -> str:
    found: dict[str, list[str]] = {}
    for part in wanted:
        for what, proof in parts.get(part, {}).items():
            found.setdefault(proof.level, []).append(_words(part, what))
    levels = [level for level in reversed(LEVELS) if level in found]
    return "; ".join(f"{level}: {', '.join(found[level])}" for level in levels) or "–"


def _words(part: Part, what: str) -> str:
    """The part as a person says it: ``580.178.04 open (nvidia)``."""
    if part in ("torch", "image"):
        return "; ".join(_locked(word) for word in what.split(", "))
    if part == "toolkit":
        return what
    if what.endswith(" signed"):
        version, flavour, origin, _ = what.split()
        return f"{version} {flavour} ({origin.capitalize()}'s signed)"
    if part == "cuda":
        version, origin, purpose = what.split()
        return f"{version} {purpose} ({_ORIGINS.get(origin, origin)})"
    *words, origin = what.split()
    engine = [_ORIGINS.get(part, part)] if part in _CONTAINERS["engine"] else []
    return f"{' '.join((*engine, *words))} ({_ORIGINS.get(origin, origin)})"


def _locked(word: str) -> str:
    lock = re.fullmatch(r"torch-([\d.]+)-(.+)-cp3(\d+)-\w+", word)
    return f"{lock[1]}+{lock[2]}, Python 3.{lock[3]}" if lock else word


def _release(release: str, arch: str) -> str:
    family, _, number = release.partition("-")
    name = f"Jetson Linux {number}" if family == "jetson" else called(release)
    return name if arch == "x86_64" else f"{name} ({arch})"


def _others() -> str:
    catalog = load_catalog()
    without = [name for name in catalog.distributions if name not in catalog.support.rows]
    names = ", ".join(f"`{name}`" for name in without)
    return f"Carried out by no test: {names}, and each other Jetson Linux."


def page(text: str) -> str:
    """The README with the tables as they are now."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{tables()}\n\n{END}{tail}"


if __name__ == "__main__":
    README.write_text(page(README.read_text()))

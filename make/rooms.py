"""The rooms of the checkout as one package: ``stacks/`` becomes ``gpuwright/stacks/`` in a wheel.

In a checkout `facts`, `tasks`, `stacks` and `image` are top-level names, which nothing that is
installed may take. So a wheel has them below ``gpuwright``, and what their files say of each other
says that too: imports, by Python's own parser, and commands in what people read, string by string.
"""

from __future__ import annotations

import ast
import io
import re
import shutil
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

from setuptools.command.build_py import build_py

PACKAGE = "gpuwright"
ROOMS = ("stacks", "facts", "tasks", "image", "deploys", "inventories")
LEFT_OUT = ("inventories/sandbox.py",)
"""Files of the rooms that only a checkout can use."""
SENT = ("image/programs", "facts/onhost")
"""Folders of programs for hosts. They stand alone there, and are sent byte by byte as they are."""
SCRIPTS = ("deploys", "inventories")
"""Rooms that are no packages: pyinfra executes their files."""
_MODULES = "|".join(room for room in ROOMS if room not in SCRIPTS)
_COMMAND = re.compile(
    rf"\bpython3? -m (?=(?:{_MODULES})\b)|(?<![\w./])(?=facts(?:\.[a-z_]+)+\.[A-Z])"
)
"""Where a module that is run (`python -m stacks`) or a fact that pyinfra is asked for is named."""
_WORDS = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
_READ = (".yaml",)
"""Endings of data with sentences for people. What is sent to hosts (locks, templates) is none."""

Edit = tuple[int, int, str]
"""From which character to which one, and what comes there."""


def files(root: Path) -> list[Path]:
    """Files of the checkout that a wheel has, from the checkout's root, sorted."""
    found = [path for room in (PACKAGE, *ROOMS) for path in (root / room).rglob("*")]
    names = [path.relative_to(root) for path in found if path.is_file()]
    return sorted(
        name
        for name in names
        if name.as_posix() not in LEFT_OUT
        and not any(part == "__pycache__" or part.startswith(".") for part in name.parts)
    )


def packages(root: Path) -> list[str]:
    """The packages of a wheel by their dotted names; a folder of data is one to setuptools."""
    return sorted(data(root))


def data(root: Path) -> dict[str, list[str]]:
    """Package to its files that are no modules, as setuptools wants to be told."""
    found: dict[str, list[str]] = {}
    for name in files(root):
        inside = found.setdefault(".".join(place(name).parent.parts), [])
        inside += [name.name] if name.suffix != ".py" else []
    return found


def place(name: Path) -> Path:
    """Where a wheel has a file of the checkout."""
    return name if name.parts[0] == PACKAGE else PACKAGE / name


def text(name: Path, source: str) -> str:
    """What a wheel has in place of the text of a room's file.

    Args:
        name: The file, from the checkout's root.
        source: Its text.

    Raises:
        SyntaxError: A module is none.
    """
    if any(name.is_relative_to(folder) for folder in SENT):
        return source
    if name.suffix == ".py":
        return module(source, script=name.parts[0] in SCRIPTS)
    return _below(source) if name.suffix in _READ else source


def module(source: str, script: bool = False) -> str:
    """A module whose imports, and whose words of commands, name the rooms below the package.

    Args:
        source: Its text; one that has been changed already stays as it is.
        script: Whether pyinfra executes it: then it puts no folder on Python's path, where the
            rooms would be found by their own names again.

    Raises:
        SyntaxError: It is none.
    """
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    lines = source.splitlines(keepends=True)

    def at(line: int, column: int) -> int:  # Python's parser counts bytes, of UTF-8
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    edits: list[Edit] = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.Expr):
            continue
        assert node.end_lineno is not None and node.end_col_offset is not None
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
        if isinstance(node, ast.ImportFrom):
            if node.level == 0 and _is_room(node.module or ""):
                said = re.match(r"from[\s\\]+", source[start:end])
                assert said is not None
                edits.append((start + said.end(), start + said.end(), f"{PACKAGE}."))
        elif isinstance(node, ast.Import):
            if any(_is_room(alias.name) for alias in node.names):
                edits.append((start, end, "; ".join(map(_import, node.names))))
        elif script and ast.unparse(node).startswith("sys.path."):
            edits.append((start, end, "pass"))
    if _COMMAND.search(source):  # few have one, and tokens take their time
        edits += _words(source, starts)
    for start, end, new in sorted(edits, reverse=True):
        source = source[:start] + new + source[end:]
    return source


def _is_room(name: str) -> bool:
    return name.split(".")[0] in ROOMS


def _import(alias: ast.alias) -> str:
    if not _is_room(alias.name):
        return ast.unparse(ast.Import([alias]))
    if alias.asname:
        return f"import {PACKAGE}.{alias.name} as {alias.asname}"
    room, dot, _ = alias.name.partition(".")
    bound = f"from {PACKAGE} import {room}"
    return f"import {PACKAGE}.{alias.name}; {bound}" if dot else bound


def _words(source: str, starts: list[int]) -> Iterator[Edit]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in _WORDS:
            (first, from_), (last, to) = token.start, token.end
            start, end = starts[first - 1] + from_, starts[last - 1] + to
            for said in _COMMAND.finditer(source[start:end]):
                yield start + said.end(), start + said.end(), f"{PACKAGE}."


def _below(said: str) -> str:
    return _COMMAND.sub(lambda found: f"{found[0]}{PACKAGE}.", said)


class BuildPy(build_py):  # type: ignore[misc] # it has no types
    """setuptools' step that copies modules: the rooms' files are changed on their way."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package, without those that only a checkout can use."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if Path(each[2]).as_posix() not in LEFT_OUT]

    def run(self) -> None:
        """Copy all, and let each file of the rooms name them below the package."""
        if self.editable_mode:
            sys.exit(
                "gpuwright cannot be installed in editable mode: its rooms have other names in a "
                "wheel; a checkout is used as it is: make env"
            )
        # What an earlier build left is not of this one.
        shutil.rmtree(Path(self.build_lib) / PACKAGE, ignore_errors=True)
        super().run()
        for name in files(Path.cwd()):
            if name.suffix in (".py", *_READ):
                path = Path(self.build_lib) / place(name)
                said = path.read_text(encoding="utf-8")
                path.write_text(text(name, said), encoding="utf-8")

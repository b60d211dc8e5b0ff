"""Which codes the source raises: read from its syntax tree, its shell templates and its YAML."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.unit import trees

ROOMS = ("tasks", "stacks", "facts", "deploys", "image")
RAISERS = {"Conflict", "Finding", "Notice", "Fault", "Named", "ManualAction", "RefusalError"}
"""Classes whose first argument is a code."""
METHODS = {"conflict", "notice"}
"""Methods of the resolver's case, to which the code is given first."""
LIKE_A_CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)+|[CDJ][1-9][0-9]?")
_PRINTED = re.compile(r"([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+): |([A-Z]+) \((?:WARN|CRITICAL)\): ")
_ECHOED = re.compile(r"""echo ["']([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+): """)
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Seen:
    """A code, or an expression that gives one, and its place."""

    text: str
    place: str


@dataclass(frozen=True)
class Source:
    """What one reading of the rooms found."""

    raised: tuple[Seen, ...]
    """Codes of messages, written out where they are raised."""
    named: tuple[Seen, ...]
    """Texts elsewhere that look like a code: in sets, comparisons, tables."""
    computed: tuple[Seen, ...]
    """Expressions in the place of a code that are no text."""


def source(root: Path = Path()) -> Source:
    """Read the rooms below ``root``."""
    raised: list[Seen] = []
    named: list[Seen] = []
    computed: list[Seen] = []
    texts = {path: path.read_text() for path in _files(root, ".py")}
    constants = _constants(map(trees.tree, texts.values()))
    for path, text in texts.items():
        nodes = trees.nodes(text)
        sites = [part for code in _sites(nodes) for part in _branches(code)]
        for code in sites:
            place = f"{path}:{code.lineno}"
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                # An empty code: only the level of such a finding is looked at.
                raised += [Seen(code.value, place)] if code.value else []
            elif meant := constants.get(_named(code)):
                raised += [Seen(text, place) for text in sorted(meant)]
            elif not _handed_on(code):
                computed.append(Seen(ast.unparse(code), place))
        at_sites = {id(code) for code in sites}
        for said in _texts(nodes):
            place = f"{path}:{said.lineno}"
            printed = _PRINTED.match(str(said.value))
            if printed:
                raised.append(Seen(printed[1] or printed[2], place))
            elif id(said) not in at_sites and LIKE_A_CODE.fullmatch(str(said.value)):
                named.append(Seen(str(said.value), place))
    for path in (*_files(root, ".j2"), *_files(root, ".sh")):
        raised += [Seen(code, str(path)) for code in _ECHOED.findall(path.read_text())]
    for path in _files(root, ".yaml"):
        named += [Seen(code, str(path)) for code in _in_yaml(yaml.load(path.read_text(), _LOADER))]
    return Source(tuple(raised), tuple(named), tuple(computed))


def _files(root: Path, ending: str) -> list[Path]:
    return sorted(p for room in ROOMS for p in (root / room).rglob(f"*{ending}"))


def _sites(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """What is given as a code wherever a message is made."""
    for node in nodes:
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
        if name not in RAISERS and not (name in METHODS and isinstance(called, ast.Attribute)):
            continue
        by_name = [word.value for word in node.keywords if word.arg == "code"]
        yield from (*node.args[:1], *by_name)[:1]


def _branches(code: ast.expr) -> Iterator[ast.expr]:
    """``"A" if … else "B"`` raises either."""
    if isinstance(code, ast.IfExp):
        yield from _branches(code.body)
        yield from _branches(code.orelse)
    else:
        yield code


def _constants(trees: Iterable[ast.Module]) -> dict[str, set[str]]:
    """Codes by the name of the module's constant that holds them: one, or a table of several."""
    found: dict[str, set[str]] = {}
    for tree in trees:
        for node in tree.body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
                continue
            held = {
                text.value
                for text in ast.walk(node.value)
                if isinstance(text, ast.Constant)
                and isinstance(text.value, str)
                and LIKE_A_CODE.fullmatch(text.value)
            }
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                found.setdefault(_named(target), set()).update(held)
    return found


def _named(code: ast.expr) -> str:
    """The constant in ``NAME``, ``module.NAME``, ``TABLE[key]``; empty where there is none."""
    if isinstance(code, ast.Subscript):
        return _named(code.value)
    if isinstance(code, ast.Attribute):
        return code.attr
    return code.id if isinstance(code, ast.Name) else ""


def _handed_on(code: ast.expr) -> bool:
    """Whether it is another message's code, or the caller's: whoever made that is looked at."""
    return (isinstance(code, ast.Attribute) and code.attr == "code") or (
        isinstance(code, ast.Name) and code.id == "code"
    )


def _texts(nodes: Sequence[ast.AST]) -> Iterator[ast.Constant]:
    """Texts that are no docstring."""
    said = {
        id(node.value)
        for node in nodes
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node


def _in_yaml(node: object) -> Iterator[str]:
    """Values of the keys by which our YAML names codes."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("code", "hides", "hides_running"):
                yield from [value] if isinstance(value, str) else value
            else:
                yield from _in_yaml(value)
    elif isinstance(node, list):
        for value in node:
            yield from _in_yaml(value)

"""YAML into frozen dataclasses, with errors that name file and line.

The dataclass is the schema: its fields are the only keys, its type hints the only types. Texts must
be texts in the file too (``"12.8"``, not ``12.8``), so that a version never turns into a number.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import re
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import yaml

from stacks.model.plain import obeyed, quoted, told

T = TypeVar("T")
MOST_BYTES = 1_000_000
MOST_LEVELS = 20
"""Lists and mappings within each other; our files have seven."""

_WORDS: dict[Any, str] = {
    str: "text in quotes",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
}

# libyaml reads the catalogue ten times faster; not every build of PyYAML has it.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


_DIGITS = re.compile(r"[-+]?(0|[1-9][0-9_]{0,14})")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


class SchemaError(ValueError):
    """A file does not say what its schema asks. ``str()`` is the whole message for a user."""

    def __init__(self, file: str, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}")
        self.file = file
        self.line = line
        self.what = what


def nearest(
    word: str, choices: typing.Iterable[str], count: int = 3, alike: float = 0.5
) -> list[str]:
    """The choices that look most like ``word``, best first; may be empty.

    ``alike`` is how much they must, from 0 to 1 (`difflib`).
    """
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(word.lower(), list(by_lower), n=count, cutoff=alike)
    return [by_lower[name] for name in found]


def load(path: Path, kind: type[T], shown_as: str | None = None) -> T:
    """Read ``path`` as one value of the dataclass ``kind``.

    ``shown_as`` is the file name for messages. Raises `SchemaError` for YAML that cannot be parsed
    and for every key or value that ``kind`` does not allow, and `OSError` as the system does.
    """
    name = shown_as or path.name
    with path.open("rb") as opened:
        body = opened.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise SchemaError(name, 1, f"the file has more than {MOST_BYTES:,} bytes")
    text = body.decode("utf-8", errors="replace")
    try:
        if line := _too_deep(text):
            what = f"more than {MOST_LEVELS} lists or mappings are within each other here"
            raise SchemaError(name, line, what)
        root = _compose(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        problem = getattr(error, "problem", None) or "cannot be read"
        raise SchemaError(name, line, f"this is not valid YAML: {problem}") from None
    if root is None:
        raise SchemaError(name, 1, f"the file is empty, expected {_describe(kind)}")
    return typing.cast(T, _decode(root, kind, name, ""))


def _too_deep(text: str) -> int:
    """The line where there are more levels than anybody reads; 0: nowhere.

    libyaml composes each level within the last, and would end this program's stack.
    """
    level = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                level += 1
                if level > MOST_LEVELS:
                    return event.start_mark.line + 1 if event.start_mark else 1
            elif isinstance(event, yaml.CollectionEndEvent):
                level -= 1
    except yaml.YAMLError:
        pass  # `_compose` stops at the same place, and says why
    return 0


def _compose(text: str) -> Any:
    """The document's root. Where libyaml stops, PyYAML's own words name the place better."""
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def _decode(node: yaml.Node, hint: Any, file: str, at: str) -> Any:
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        options = [option for option in get_args(hint) if option is not type(None)]
        if len(options) < len(get_args(hint)) and _is_null(node):
            return None
        if len(options) == 1:
            return _decode(node, options[0], file, at)
    if dataclasses.is_dataclass(hint):
        return _decode_dataclass(node, hint, file, at)
    if origin is tuple:
        if not isinstance(node, yaml.SequenceNode):
            raise _wrong(node, hint, file, at)
        (item, *_) = get_args(hint)
        return tuple(_decode(n, item, file, f"{at}[{i}]") for i, n in enumerate(node.value))
    if origin in (dict, Mapping):
        return types.MappingProxyType(
            {
                key: _decode(value, get_args(hint)[1], file, f"{at}.{key}".lstrip("."))
                for key, value, _ in _pairs(node, hint, file, at)
            }
        )
    if origin is Literal:
        value = node.value if isinstance(node, yaml.ScalarNode) else None
        if value not in get_args(hint):
            raise _wrong(node, hint, file, at)
        return value
    return _decode_scalar(node, hint, file, at)


def _decode_scalar(node: yaml.Node, hint: Any, file: str, at: str) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise _wrong(node, hint, file, at)
    if hint is str and node.tag.endswith(":str") and not obeyed(node.value):
        return node.value
    if hint is int and node.tag.endswith(":int") and _DIGITS.fullmatch(node.value):
        return int(node.value.replace("_", ""))
    if hint is float and _NUMBER.fullmatch(node.value):
        return float(node.value)
    if hint is bool and node.tag.endswith(":bool"):
        return node.value.lower() in ("true", "yes", "on")
    raise _wrong(node, hint, file, at)


def _decode_dataclass(node: yaml.Node, kind: Any, file: str, at: str) -> Any:
    hints = _hints(kind)
    values: dict[str, Any] = {}
    for key, value, key_node in _pairs(node, kind, file, at):
        if key not in hints:
            close = nearest(key, hints, 1)
            meant = f'did you mean "{close[0]}"? ' if close else ""
            place = f' in "{at}"' if at else ""
            raise SchemaError(
                file,
                key_node.start_mark.line + 1,
                f"unknown key {quoted(key)}{place}: {meant}Known keys are {', '.join(hints)}.",
            )
        values[key] = _decode(value, hints[key], file, f"{at}.{key}".lstrip("."))
    for field in dataclasses.fields(kind):
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and field.name not in values:
            place = f' of "{at}"' if at else ""
            raise SchemaError(
                file,
                node.start_mark.line + 1,
                f'the key "{field.name}"{place} is missing, '
                f"expected {_describe(hints[field.name])}.",
            )
    return kind(**values)


def _pairs(
    node: yaml.Node, hint: Any, file: str, at: str
) -> typing.Iterator[tuple[str, yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, hint, file, at)
    seen: set[str] = set()
    for key_node, value in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise SchemaError(file, key_node.start_mark.line + 1, "a key must be plain text")
        if key_node.value in seen:
            raise SchemaError(
                file,
                key_node.start_mark.line + 1,
                f"the key {quoted(key_node.value)} is here twice",
            )
        seen.add(key_node.value)
        yield key_node.value, value, key_node


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null")


def _wrong(node: yaml.Node, hint: Any, file: str, at: str) -> SchemaError:
    if isinstance(node, yaml.MappingNode):
        found = "a mapping"
    elif isinstance(node, yaml.SequenceNode):
        found = "a list"
    elif _is_null(node):
        found = "nothing"
    else:
        kind = node.tag.rsplit(":", 1)[-1].replace("float", "number").replace("int", "number")
        found = told(node.value) + (f" (a {kind})" if kind != "str" else "")
    place = f'"{at}"' if at else "the file"
    return SchemaError(
        file, node.start_mark.line + 1, f"{place} is {found}, expected {_describe(hint)}."
    )


def _describe(hint: Any) -> str:
    origin = get_origin(hint)
    if origin is Union or origin is types.UnionType:
        return " or ".join(
            "nothing" if option is type(None) else _describe(option) for option in get_args(hint)
        )
    if origin is Literal:
        return "one of " + ", ".join(str(option) for option in get_args(hint))
    if origin is tuple:
        return f"a list, each item {_describe(get_args(hint)[0])}"
    if origin in (dict, Mapping):
        return f"a mapping, each value {_describe(get_args(hint)[1])}"
    if dataclasses.is_dataclass(hint):
        return f"a mapping with {', '.join(_hints(typing.cast(Any, hint)))}"
    return _WORDS.get(hint, str(hint))

"""The syntax of modules, read once by all tests that look at the source."""

from __future__ import annotations

import ast
from functools import cache


@cache
def tree(text: str) -> ast.Module:
    """The syntax tree of a module's text; nobody may change it."""
    return ast.parse(text)


@cache
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of that tree."""
    return tuple(ast.walk(tree(text)))

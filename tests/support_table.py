"""``stacks/catalog/support.yaml``, made from what tests on hosts are marked with.

Run as ``python -m tests.support_table > stacks/catalog/support.yaml``.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HOUSE = Path(__file__).parents[1]
_TO = "GPUWRIGHT_MARKS_TO"
_HEAD = """\
# How far each part of a plan was carried out, and the test that shows it: written from the marks of
# the tests on hosts by `python -m tests.support_table`; a test compares. What has no row here was
# carried out by no test.
rows:
"""
PARTS = ("driver", "cuda", "cudnn", "torch", "docker", "containerd", "podman", "toolkit", "image")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write the marks of all tests that were collected: this module is a plugin then."""
    marks = [
        {
            "test": item.nodeid.removeprefix("tests/").removeprefix("hosts/"),
            "args": mark.args,
            "live": mark.kwargs["live"],
            "double": mark.kwargs["double"],
        }
        for item in session.items
        for mark in item.iter_markers("carries_out")
        if mark.kwargs["tried"]
    ]
    Path(os.environ[_TO]).write_text(json.dumps(marks))


@functools.cache
def marks() -> list[dict[str, Any]]:
    """The marks of all tests on hosts by the tests' names: no test is run.

    Collection itself is no order to lean on: it turns with the commit and with what modules take.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "marks.json"
        own = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
        subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "tests.support_table"]
            # No test is run, so nothing is to be made of what they assert.
            + ["--assert=plain", "-p", "no:cacheprovider", "tests/hosts", "tests/whole"],
            cwd=HOUSE,
            env={**own, _TO: str(target)},
            check=True,
            capture_output=True,
        )
        return sorted(json.loads(target.read_text()), key=lambda mark: mark["test"])


def rows() -> dict[tuple[str, str, str, str], tuple[str, str]]:
    """Release, architecture, part and its words to the best level, and the first test of it."""
    found: dict[tuple[str, str, str, str], tuple[str, str]] = {}
    for level in ("live", "double"):
        for mark in marks():
            for part, what in mark[level].items():
                found.setdefault((*mark["args"], part, what), (level, mark["test"]))
    return found


def page() -> str:
    """The whole file."""
    return _HEAD + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    found = rows()
    above: tuple[str, ...] = ()
    for key in sorted(found, key=lambda key: (key[0], key[1], PARTS.index(key[2]), key[3])):
        for depth, word in enumerate(key[:3]):
            if above[: depth + 1] != key[: depth + 1]:
                yield f"{'  ' * (depth + 1)}{word}:"
        above = key[:3]
        level, test = found[key]
        yield f'        "{key[3]}": {{level: {level}, test: "{test}"}}'


if __name__ == "__main__":
    print(page(), end="")

"""Ask archives of a host's own sources who they are, from the host's own network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.archives import ArchiveAnswer, answers
from facts.parse.sections import ProbeError
from facts.script import LIMITED

_SCRIPT = Path(__file__).with_name("archives.sh")
_END = "GPUWRIGHT_ARCHIVES_END"


class ArchiveAnswers(FactBase[tuple[ArchiveAnswer, ...]]):
    """The Release file of each archive as it is now; nothing of the host's lists changes.

    + archives: of each the source file that names it, its address and its suite
    + surroundings: a file of the host that is sourced before: proxies, say

    No signature is checked here: apt does that before it takes anything.
    """

    def __init__(self) -> None:
        self.asked: tuple[tuple[str, str], ...] = ()

    @override
    def command(self, archives: Sequence[Sequence[str]] = (), surroundings: str = "") -> str:
        self.asked = tuple((uri, suite) for _, uri, suite in archives)
        words = shlex.join([surroundings, *(w for file, *of in archives for w in (file, _at(*of)))])
        script = _SCRIPT.read_text(encoding="utf-8")
        return f"sh -s -- {words} <<'{_END}' | {LIMITED}\n{script}\n{_END}\n"

    @override
    def process(self, output: list[str]) -> tuple[ArchiveAnswer, ...]:
        try:
            return answers(output, self.asked)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask the archives: {error}") from error


def _at(uri: str, suite: str) -> str:
    """Where an archive's Release file lies (sources.list(5)): a slash ends a flat one's path."""
    folder = uri.rstrip("/") + "/"
    return folder + (suite.removeprefix("/") if suite.endswith("/") else f"dists/{suite}/")

"""Ask package repositories for their key and for what they offer, from the host's own network."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.repository import RepositoryAnswer, answers
from facts.parse.sections import ProbeError
from facts.script import LIMITED

_SCRIPT = Path(__file__).with_name("repository.sh")
_END = "GPUWRIGHT_REPOSITORY_ENDS"


class RepositoryOffers(FactBase[tuple[RepositoryAnswer, ...]]):
    """Key, label and versions of each repository; nothing of the host's package manager changes.

    + repositories: of each its kind (``apt`` or ``dnf``) and whole addresses: of the key file, of
      the folder with the index, of the folder with apt's ``Packages``; folders end with a slash
    + packages: names of the packages whose versions are wanted
    + surroundings: a file of the host that is sourced before: proxies, say

    Addresses are without a login: a command line is for everybody to read. Those that need one get
    it from the ``_stdin`` of the call, a line for each repository, as `facts/repository.sh` says.

    No signature is checked here: the package manager does that before it installs anything.
    """

    def __init__(self) -> None:
        self.addresses: tuple[str, ...] = ()

    @override
    def command(
        self,
        repositories: Sequence[Sequence[str]] = (),
        packages: Sequence[str] = (),
        surroundings: str = "",
    ) -> str:
        self.addresses = tuple(index for _, _, index, _ in repositories)
        words = shlex.join([" ".join(packages), *(w for r in repositories for w in r)])
        script = f"surroundings={shlex.quote(surroundings)}\n"
        script += _SCRIPT.read_text(encoding="utf-8")
        return f"sh -s -- {words} 3<&0 <<'{_END}' | {LIMITED}\n{script}\n{_END}\n"

    @override
    def process(self, output: list[str]) -> tuple[RepositoryAnswer, ...]:
        try:
            return answers(output, self.addresses)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask the repositories: {error}") from error

"""Ask the package manager what it would do, before it does anything."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.model.outlook import Outlook
from facts.parse.outlook import outlook
from facts.parse.sections import ProbeError
from facts.script import LIMITED

_SCRIPT = Path(__file__).with_name("outlook.sh")
_END = "GPUWRIGHT_OUTLOOK_ENDS"


class PackageOutlook(FactBase[Outlook]):
    """What a repair would remove, and of which kernels the sources have headers. Changes nothing.

    + options: of apt-get, as a repair carries them; empty on a host with dnf
    + stamp: file that is touched when all lists were read
    + kernels: releases that lack headers
    + metapackages: of headers, one per kernel flavour

    Lists older than half a day, or than a source file, are read anew into a folder in ``/run``.
    """

    @override
    def command(
        self,
        options: str = "",
        stamp: str = "",
        kernels: Sequence[str] = (),
        metapackages: Sequence[str] = (),
    ) -> str:
        words = shlex.join([options, stamp, " ".join(kernels), " ".join(metapackages)])
        script = _SCRIPT.read_text(encoding="utf-8")
        return f"sh -s -- {words} <<'{_END}' | {LIMITED}\n{script}\n{_END}\n"

    @override
    def process(self, output: list[str]) -> Outlook:
        try:
            return outlook(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask the package manager: {error}") from error

"""Ask the host's own apt which packages it would take, for a bundle. Nothing changes there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.sections import ProbeError, marked
from facts.script import limited

_SCRIPT = Path(__file__).with_name("closure.sh")
_END = "GPUWRIGHT_CLOSURE_ENDS"
MOST = 16 << 20
"""Bytes of an answer: apt's record of a package has about 1.5 KiB, and a desktop 3,000 packages."""


@dataclass(frozen=True)
class Closure:
    """What apt would take, with all that it depends on."""

    text: str = field(repr=False)
    """Stanzas as ``apt-cache show`` prints them."""
    addresses: dict[str, str] = field(repr=False)
    """SHA-256 to where the file lies, without a login."""
    lacking: str = ""
    """apt's words where it finds no way to bring some of it; empty: it does."""
    unread: str = ""
    """Why a source could not be read."""


class PackageClosure(FactBase[Closure]):
    """The packages of these transactions, for a bare host and for the host as it is.

    + asks: names of each transaction, ``name`` or ``name=version``
    + offered: names that are taken where a source has them
    + sources: further sources, as deb822; ``@OWN@/keys/NAME`` is the key NAME
    + without: files of sources of the host that are not read
    + keys: name and base64 of each such key
    + pins: preferences of apt
    + surroundings: a file of the host that is sourced before: proxies, say
    """

    @override
    def command(
        self,
        asks: Sequence[Sequence[str]] = (),
        offered: Sequence[str] = (),
        sources: str = "",
        without: Sequence[str] = (),
        keys: Sequence[tuple[str, str]] = (),
        pins: str = "",
        surroundings: str = "",
    ) -> str:
        words = [surroundings, sources, " ".join(without), pins, " ".join(offered), str(len(keys))]
        words += [word for key in keys for word in key]
        words += [" ".join(names) for names in asks]
        script = _SCRIPT.read_text(encoding="utf-8")
        return f"sh -s -- {shlex.join(words)} <<'{_END}' | {limited(MOST)}\n{script}\n{_END}\n"

    @override
    def process(self, output: list[str]) -> Closure:
        try:
            return closure(output)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask apt: {error}") from error


def closure(output: list[str]) -> Closure:
    """What ``closure.sh`` prints. Raises `ProbeError` where it was cut off."""
    parts = marked(output, MOST)
    addresses = {}
    for line in parts.get("uris", []):
        # 'http://…/libc6_2.36.deb' libc6_2.36.deb 2759320 SHA256:ba4f…
        words = line.split()
        if len(words) == 4 and words[3].startswith("SHA256:") and words[0][:1] == "'":
            addresses[words[3].removeprefix("SHA256:")] = words[0].strip("'")
    return Closure(
        "\n".join(parts.get("show", [])) + "\n",
        addresses,
        " ".join(" ".join(parts.get("lacking", [])).split()),
        " ".join(parts.get("unread", [])) or ("" if "unread" not in parts else "no reason"),
    )

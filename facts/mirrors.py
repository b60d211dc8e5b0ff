"""Ask mirrors for what a run wants of them, from the host's own network, and measure by bytes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pyinfra.api import FactBase, FactProcessError
from typing_extensions import override

from facts.parse.mirrors import MirrorReading, readings
from facts.parse.sections import ProbeError
from facts.script import LIMITED, text

MOST_BYTES = 8 << 20
"""Of one file: what is shorter says too little where a mirror is quick at first (2026-09-17)."""
MOST_S = 12
"""Seconds of one file: 8 MiB at 700 kB/s; a slower mirror is measured by what came until then."""
ENOUGH = 8_000_000
"""Bytes per second from which nothing is gained by measuring the mirrors after it."""
LIMIT_S = 150
"""Seconds after which no further mirror is asked; the last one may take half a minute more."""
_END = "GPUWRIGHT_MIRRORS_END"
_CALL = '\nframed mirrors "$@" </dev/null 2>/dev/null\n'


def mirrors_command(
    surroundings: str = "", seconds: int = MOST_S, enough: int = ENOUGH, limit: int = LIMIT_S
) -> str:
    """The shell text, which reads its questions from standard input (`facts/mirrors.sh`)."""
    words = shlex.join(map(str, (MOST_BYTES, seconds, enough, limit)))
    script = f"surroundings={shlex.quote(surroundings)}\n" + text("frame", "mirrors") + _CALL
    return f"sh -s -- {words} 3<&0 <<'{_END}' | {LIMITED}\n{script}\n{_END}\n"


class MirrorReadings(FactBase[tuple[MirrorReading, ...]]):
    """How each mirror gives what is wanted; nothing of the host changes.

    + count: how many mirrors are asked; what of each is in the ``_stdin`` of the call, a line for
      each, as `facts/mirrors.sh` says: an address may hold a password
    + surroundings: a file of the host that is sourced before: proxies, say
    + limit: seconds after which no further mirror is asked
    """

    def __init__(self) -> None:
        self.count = 0

    @override
    def command(self, count: int = 0, surroundings: str = "", limit: int = LIMIT_S) -> str:
        self.count = count
        return mirrors_command(surroundings, limit=limit)

    @override
    def process(self, output: Sequence[str]) -> tuple[MirrorReading, ...]:
        try:
            return readings(output, self.count)
        except ProbeError as error:
            raise FactProcessError(f"cannot ask the mirrors: {error}") from error

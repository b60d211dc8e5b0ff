"""Shell that a fact sends: the files of this folder that it is made of, run as root."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from facts.parse.sections import CUT, MOST_BYTES

_FOLDER = Path(__file__).parent
_END = "GPUWRIGHT_SCRIPT_ENDS"


def limited(most: int) -> str:
    """The end of every fact's pipe: what is longer than it can be does not reach us as a whole.

    Args:
        most: Bytes that an answer may have.
    """
    return f"{{ head -c {most}; [ -z \"$(head -c 1 | tr '\\000' x)\" ] || printf '\\n{CUT}\\n'; }}"


LIMITED = limited(MOST_BYTES)
"""That of most facts."""


def text(*names: str) -> str:
    """``NAME.sh`` of this folder, one behind the other."""
    return "\n".join((_FOLDER / f"{name}.sh").read_text(encoding="utf-8") for name in names)


def as_root(script: str, arguments: Sequence[str] = ()) -> str:
    """The command that runs a script as root, through ``sudo -n``, or else with fewer rights."""
    return (
        'gw_sh=sh; [ "$(id -u)" = 0 ] || ! sudo -n true 2>/dev/null || gw_sh="sudo -n sh"\n'
        f"$gw_sh -s -- {shlex.join(arguments)} <<'{_END}' | {LIMITED}\n{script}\n{_END}\n"
    )

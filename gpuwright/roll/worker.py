"""One run of pyinfra, as its roll starts it: ``python -m gpuwright.roll.worker`` and no words.

What it is to do comes as JSON on its standard input, so that no secret is in a list of processes.
What it sees goes as JSON lines to a pipe, so that nobody has to read it off a screen.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that this process gets when its parent dies."""


def main() -> None:
    """Do what the roll says."""
    told = json.loads(sys.stdin.buffer.read())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    _end_with(int(told["parent"]))
    os.environ.update(told["environment"])
    sys.argv = ["pyinfra", *told["words"]]

    from pyinfra_cli import main as command  # type: ignore[import-untyped] # it patches threads

    from gpuwright.roll import listening

    listening.install(
        int(told["events"]), told["hosts"], told["data"], only_list=bool(told["only_list"])
    )
    command.main()


def _end_with(parent: int) -> None:
    """End as with SIGTERM when the roll itself is killed: nobody would read what goes on."""
    with contextlib.suppress(OSError, AttributeError):  # no Linux: the closed pipes end it
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the roll that began this has ended")


if __name__ == "__main__":
    main()

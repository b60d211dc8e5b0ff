"""Ctrl-C, SIGTERM and a closed terminal: the run ends within two seconds and says where it is.

pyinfra raises in whatever greenlet is at work, where paramiko's swallow it, and then waits for a
free place in its pool to disconnect, which there is only when the step has ended (read in 3.10.0).
Here the places are freed first, and a timer ends what does not end.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import termios
import threading
from types import FrameType
from typing import Any

import gevent
import pyinfra
from gevent.pool import Pool
from pyinfra.context import ctx_state

from tasks.steps import ending
from tasks.templates import waits

SIGNALS = {
    signal.SIGINT: "Ctrl-C",
    signal.SIGTERM: "SIGTERM",
    signal.SIGHUP: "the end of its terminal",
}

_installed = False


def install() -> None:
    """Answer these signals from now on; one that is ignored (nohup) stays so."""
    global _installed
    if _installed or not pyinfra.is_cli or not _in_main_thread():
        return
    _installed = True
    ending.at_end(_kept_terminal())
    for number in SIGNALS:
        if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _signalled)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _kept_terminal() -> ending.Said:
    """Something that gives the terminal back as it is now: a prompt for a password hides typing."""
    kept: list[Any] | None = None
    with contextlib.suppress(termios.error, OSError, ValueError):
        kept = termios.tcgetattr(sys.stdin.fileno())

    def restored() -> bool:
        with contextlib.suppress(termios.error, OSError, ValueError):
            if kept is not None:
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, kept)
        return True

    return restored


def _signalled(number: int, _: FrameType | None) -> None:
    status = 128 + number
    if not ending.ended_by(status, SIGNALS[signal.Signals(number)]):
        ending.leave(status)
    signal.signal(signal.SIGALRM, _overdue)
    signal.setitimer(signal.ITIMER_REAL, waits.INTERRUPT_S)
    _make_room()
    hub = gevent.get_hub()
    main, leave = hub.parent, SystemExit(status)
    if main is None or gevent.getcurrent() is main:
        raise leave
    hub.loop.run_callback(main.throw, leave)


def _make_room() -> None:
    """Let all hosts' work end, and whoever disconnects find a place at once."""
    if ctx_state.isset() and (run := ctx_state.get()).initialised:  # type: ignore[no-untyped-call]
        busy, run.pool = run.pool, Pool(len(run.inventory) + 1)
        busy.kill(block=False)


def _overdue(*_: object) -> None:
    """Something does not end: say what is to be said, and end."""
    ending.close()
    ending.leave(ending.status())

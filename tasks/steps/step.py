"""What every task stands on: one look at the host, shared until something changes it.

pyinfra keeps no facts: ten operations that look at the host cost ten round trips, twice. Here the
whole state comes in one round trip and is kept per host. While pyinfra prepares, it stays as it
is, because nothing changes. While it executes, it is dropped around each command of a `step`, so
that the next step sees what is there and not what was.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, ParamSpec, cast
from weakref import WeakKeyDictionary, WeakSet

from pyinfra import logger
from pyinfra.api import FactBase, StringCommand, operation
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.context import ctx_host, ctx_state

from facts.host import HostProbe
from facts.model.host import HostState
from stacks.model.plain import plain, plain_value
from tasks.steps import before, course, failing, login
from tasks.steps import screen as screen  # whoever touches hosts logs plain messages
from tasks.steps.connection import OverdueError, limited, patience, tended
from tasks.steps.course import LOST as LOST
from tasks.steps.files import write_script

P = ParamSpec("P")
Commands = Generator[str | PyinfraCommand, None, None]

_seen: WeakKeyDictionary[Host, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
_last: WeakKeyDictionary[Host, dict[tuple[Any, ...], Any]] = WeakKeyDictionary()
_noted: WeakSet[Host] = WeakSet()
"""Hosts on which what was there before is noted, or is not to be noted."""


def this_host() -> Host:
    """The host that pyinfra is at work on, as the object itself (not pyinfra's stand-in)."""
    return cast(Host, ctx_host.get())  # type: ignore[no-untyped-call]


def this_run() -> State:
    """The state of this run of pyinfra, as the object itself."""
    return cast(State, ctx_state.get())  # type: ignore[no-untyped-call]


def host_state() -> HostState:
    """The host's whole state, as last read, or read now if something may have changed since.

    Raises:
        pyinfra.api.exceptions.PyinfraError: The last host of the run could not be read.
    """
    return cast(HostState, fact(HostProbe))


def fact(kind: type[FactBase[Any]], **arguments: Any) -> Any:
    """Another fact, kept and dropped together with the state; its texts are plain.

    An answer that is empty, or that its fact cannot read, fails this host and no other: pyinfra
    takes the one for "nothing to say", and the other ends its whole run. None then.

    Raises:
        pyinfra.api.exceptions.PyinfraError: See `host_state`.
        OSError, EOFError, SSHException: The host went away; see `LOST`.
    """
    host = this_host()
    login.take_over(host)
    tended(host)
    kept = _seen.setdefault(host, {})
    key = (kind, *sorted(arguments.items()))
    if key not in kept:
        kept[key] = plain_value(_asked(host, kind, arguments))
        if kept[key] is not None:
            _last.setdefault(host, {})[key] = kept[key]
    return kept[key]


def last_seen(host: Host, kind: type[FactBase[Any]], **arguments: Any) -> Any:
    """What this fact told last in this run, dropped or not; None: nothing yet. Asks nobody."""
    return _last.get(host, {}).get((kind, *sorted(arguments.items())))


def _asked(host: Host, kind: type[FactBase[Any]], arguments: dict[str, Any]) -> Any:
    why = "the host's answer is empty: does its login shell run another program?"
    found = None
    try:
        with limited(host, patience(host).answer, "reading its state"):
            found = host.get_fact(kind, **arguments)
    except OverdueError as late:
        why = str(late)
    except login.Unusable:
        raise
    except LOST as error:
        # Where it was the last host, pyinfra has said why, and then that none remains.
        failed = host in this_run().failed_hosts
        course.known(host, _unread(kind) if failed else course.words(error))
        raise
    except Exception as error:
        why = f"the host's answer cannot be read: {type(error).__name__}: {error}"
        logger.debug(why, exc_info=error)
    if host in this_run().failed_hosts:  # pyinfra has said why
        course.known(host, _unread(kind))
    elif found is None:
        course.stopped(host, why, at=kind.__name__)
        this_run().fail_hosts({host})  # type: ignore[no-untyped-call]
    return found


def _unread(kind: type[FactBase[Any]]) -> str:
    return f"its state could not be read ({kind.__name__}: see above)"


def invalidate(host: Host) -> None:
    """Drop what was seen of this host: the next look goes there."""
    _seen.pop(host, None)


def executing() -> bool:
    """Whether pyinfra is past its preparation and commands really run."""
    return bool(this_run().is_executing)


def step(function: Callable[P, Commands]) -> Callable[..., Any]:
    """A pyinfra operation whose commands make us look at the host again."""

    @operation()
    @functools.wraps(function)
    def body(*args: P.args, **kwargs: P.kwargs) -> Commands:
        host = this_host()
        try:
            for command in function(*args, **kwargs):
                if executing():
                    invalidate(host)
                    if not failing.is_harmless(command):
                        _note_before(host)
                yield failing.guarded(host, command)
                invalidate(host)
        except Exception as error:
            if not executing() and isinstance(error, PyinfraError):
                raise  # the last host has failed, and that ends the run
            course.stopped(host, course.words(error), at=function.__name__)
            invalidate(host)
            if not executing():
                this_run().fail_hosts({host})  # type: ignore[no-untyped-call]
            yield failing.failed()

    return cast(Callable[..., Any], body)


def leave_unnoted(host: Host) -> None:
    """Note nothing of this host in this run: it takes away, and adds nothing."""
    _noted.add(host)


def _note_before(host: Host) -> None:
    """Note what is there before the first change; a host that cannot take the note goes on."""
    if host in _noted:
        return
    _noted.add(host)
    try:
        good, said = run(host, before.script())
    except (OverdueError, *LOST) as error:
        good, said = False, course.words(error)
    if not good:
        logger.warning(
            f"{host.print_prefix}what is there before the first change could not be noted "
            f"({said or 'without a word'}): deploys/remove.py will leave alone what may have been"
        )


def run(
    host: Host, script: str, timeout: int | None = None, stdin: str | None = None
) -> tuple[bool, str]:
    """Run a shell script as root, inside a step, and give back whether it went well and its output.

    The output is plain text, whatever the host printed.

    Args:
        host: The pyinfra host.
        script: POSIX shell.
        timeout: Seconds; ``None``: as long as host data let one command take.
        stdin: What the script reads, if it reads something: unlike the script itself, it is in
            no list of processes and in no log.

    Raises:
        tasks.steps.connection.OverdueError: It took longer.
        OSError, EOFError, SSHException: The host went away; see `LOST`.
    """
    tended(host)
    with limited(host, timeout or patience(host).answer, "a command"):
        good, output = host.run_shell_command(
            StringCommand(script), _sudo=bool(host.data.get("_sudo")), _stdin=stdin
        )
    return good, plain(output.stdout)


def write(path: str, content: str, mode: str = "644") -> StringCommand:
    """`write_script` as a command."""
    return StringCommand(write_script(path, content, mode))

"""Whatever goes wrong in a command fails its host, with the reason in one line, and no other host.

pyinfra catches three kinds of exceptions in commands and prints a traceback for what a function
raises; all others end the run of every host (read in 3.10.0).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from pyinfra.api import FunctionCommand, StringCommand
from pyinfra.api.command import PyinfraCommand
from pyinfra.api.host import Host
from pyinfra.connectors.util import CommandOutput

from tasks.steps import course
from tasks.steps.connection import limited, patience, tended

F = TypeVar("F", bound=Callable[..., Any])


def guarded(host: Host, command: str | PyinfraCommand) -> PyinfraCommand:
    """The command, which fails its host and raises nothing; one of shell has its time limit.

    A function's own commands have theirs (`tasks.steps.step.run`), and a transfer takes as long as
    the host gives signs of life.
    """
    known = StringCommand(command.strip()) if isinstance(command, str) else command
    execute = known.execute
    is_shell = isinstance(known, StringCommand)

    @functools.wraps(execute)
    def carefully(*arguments: Any) -> Any:
        try:
            tended(host)
            if not is_shell:
                return execute(*arguments)
            with limited(host, patience(host).answer, "a command"):
                return execute(*arguments)
        except Exception as error:
            course.stopped(host, course.words(error))
            return (False, CommandOutput([])) if is_shell else False

    known.execute = carefully  # type: ignore[method-assign,assignment]
    return known


_harmless: set[Any] = set()


def harmless(function: F) -> F:
    """A function of a command that changes nothing on its host: it waits, or gives up."""
    _harmless.add(function)
    return function


def is_harmless(command: str | PyinfraCommand) -> bool:
    """Whether a command is known to change nothing on its host."""
    return isinstance(command, FunctionCommand) and command.function in _harmless


def failed() -> FunctionCommand:
    """A command that fails this host, where the reason has been said."""
    return FunctionCommand(_false, (), {})


@harmless
def _false(state: object, host: Host) -> bool:
    return False

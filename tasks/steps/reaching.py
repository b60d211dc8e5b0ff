"""A host that cannot be connected to, for whatever reason, is one host.

pyinfra 3.10 takes what ssh itself answers as this host's failure. Anything else that is wrong with
its row in the inventory (a private key that is not there or cannot be read, a port that is no
number, a name that is no text) ends the run for all hosts with a traceback; and data of a kind that
its connector does not take (a port in quotes) end it with the key alone, before any host is tried.
``_env`` and its fellows, which say how commands are run, are not looked at before the first step,
and end the run of all there (tried with 3.10.0: ``_env: "LANG=C"``).
"""

from __future__ import annotations

import functools
import re
from typing import Any

from pyinfra.api.arguments import all_global_arguments
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import State
from pyinfra.api.util import raise_if_bad_type

_OURS = "_gpuwright_reaches"
_OF_KEY = re.compile(r"Invalid connector data `(\w+)`:+ *(.*)", re.DOTALL)


class _Unreachable:
    """In place of a connector that could not be made of its host's data."""

    def __init__(self, error: Exception, state: State, host: Host) -> None:
        self.state, self.host, self.error = state, host, error

    def connect(self) -> None:
        """Say why not."""
        raise ConnectError(f"Could not connect: {of_key(str(self.error))}")


def check(host: Host) -> None:
    """What host data say of how commands are run (``_sudo``, ``_env`` …): pyinfra reads it unseen.

    A value that it cannot use would end the run of all hosts in the first step.

    Raises:
        TypeError: It is of another kind; the message names the key and tells no value.
    """
    for key, kind in all_global_arguments():
        if (value := host.data.get(key)) is not None:
            raise_if_bad_type(value, kind, TypeError, f"Invalid connector data `{key}`:")


def of_key(said: str) -> str:
    """What pyinfra says of a value's kind, with where to look. It tells no value, nor do we."""
    found = _OF_KEY.fullmatch(said)
    what = f"host data {found[1]}: {found[2]}" if found else said
    return f"{what}. Mend it in this host's row or in group_data"


def install() -> None:
    """From here on, each failure to connect is a :class:`ConnectError` of its host."""
    if getattr(Host.connect, _OURS, False):
        return
    before = Host.connect

    @functools.wraps(before)
    def connect(host: Host, *words: Any, **named: Any) -> Any:
        connector: Any = host.connector
        if not hasattr(connector, _OURS):
            connector.connect = functools.partial(_reach, connector.connect)
            setattr(connector, _OURS, True)
        return before(host, *words, **named)

    setattr(connect, _OURS, True)
    Host.connect = connect  # type: ignore[method-assign,assignment]
    made = Host.init

    @functools.wraps(made)
    def init(host: Host, state: State) -> None:
        try:
            check(host)
            made(host, state)
        except Exception as error:
            asked = host.connector_cls
            host.connector_cls = functools.partial(_Unreachable, error)  # type: ignore[assignment]
            made(host, state)
            host.connector_cls = asked

    Host.init = init  # type: ignore[method-assign,assignment]


def why(error: Exception) -> str:
    """What is told of such a failure: cause, then where to look."""
    text = str(error).strip() or "no reason was given"
    if isinstance(error, PyinfraError):
        return f"Could not connect: {text}. See this host's ssh_… data in the inventory"
    return (
        f"Could not connect: {type(error).__name__}: {text}. "
        "A value of this host's ssh_… data in the inventory is not of the kind that ssh takes"
    )


def _reach(way: Any) -> None:
    try:
        way()
    except ConnectError:
        raise
    except Exception as error:
        raise ConnectError(why(error)) from error

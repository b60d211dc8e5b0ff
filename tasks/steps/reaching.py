"""A host that cannot be connected to, for whatever reason, is one host.

pyinfra 3.10 takes what ssh itself answers as this host's failure. Anything else that is wrong with
its row in the inventory (a private key that is not there or cannot be read, a port that is no
number, a name that is no text) ends the run for all hosts with a traceback.
"""

from __future__ import annotations

import functools
from typing import Any

from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host

_OURS = "_gpuwright_reaches"


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

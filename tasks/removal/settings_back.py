"""Docker's settings as they are without ours: what is there by now of others stays. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tasks.containers import daemon_json


def without_ours(now: str | None, before: str | None, keys: frozenset[str]) -> str | None:
    """The file's text without what we put there; empty: the file goes, None: it stays as it is.

    Args:
        now: The file; None: there is none.
        before: The file as it was before us; None: there was none.
        keys: Keys of it that we have changed.

    Raises:
        DaemonJsonError: One of them is no settings file.
    """
    if now is None:
        return None
    have, had = daemon_json.read(now), daemon_json.read(before)
    then = dict(have)
    for key in keys & have.keys():
        value = _back(key, have[key], had.get(key))
        if value is None:
            del then[key]
        else:
            then[key] = value
    if then == have:
        return None
    if not then and before is None:
        return ""
    return json.dumps(then, indent=daemon_json.indentation(now), ensure_ascii=False) + "\n"


def _back(key: str, now: Any, before: Any) -> Any:
    """The value as it was; of an object, others' entries stay. None: the key goes."""
    if not isinstance(now, Mapping):
        return before
    had = before if isinstance(before, Mapping) else {}
    ours = {"nvidia"} if key == "runtimes" else {"cdi"}
    then = {name: value for name, value in now.items() if name not in ours or name in had}
    then |= {name: had[name] for name in ours & had.keys() & now.keys()}
    return then or (before if isinstance(before, Mapping) else None)

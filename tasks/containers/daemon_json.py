"""Docker's settings file, merged as data: what is not ours stays, in its order. Pure.

``nvidia-ctk runtime configure`` is not used: version 1.20.0 of it replaces a whole ``features``
object and fails on an empty file (tried; rules daemon-json and daemon-json-features).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PATH = "/etc/docker/daemon.json"
RUNTIME = "nvidia-container-runtime"
_OWN_PATHS = (RUNTIME, f"/usr/bin/{RUNTIME}")
RELOADED = frozenset({"runtimes", "default-runtime", "registry-mirrors"})
"""Keys that the daemon reads again on a reload (Docker's reference of dockerd, "Configuration
reload behavior"). ``features`` is read on a reload too, but CDI is set up at the start only (moby,
``cmd/dockerd/daemon.go``)."""


LENIENT_SINCE = 23
"""From this version on Docker reads a file that begins with a byte order mark, and one that holds
blanks alone or nothing (moby 23.0.0, ``daemon/config/config.go``)."""
_MARKS = ("\ufeff", "???")
"""The mark; the look at a host shows each of its three bytes as "?", with which no JSON begins."""


class DaemonJsonError(ValueError):
    """The file is not what Docker reads; the text says what is wrong with it."""


@dataclass(frozen=True)
class Settings:
    """What must be in the file."""

    runtime: bool = False
    """The runtime ``nvidia``."""
    default_runtime: bool = False
    features: Mapping[str, bool] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()
    spec_folders: tuple[str, ...] = ()
    """Folders in which CDI specs are looked for."""


def marked(text: str | None) -> bool:
    """Whether it begins with a byte order mark, as editors on Windows write it."""
    return (text or "").startswith(_MARKS)


def blank(text: str | None) -> bool:
    """Whether there is a file, and nothing in it."""
    return text is not None and not unmarked(text).strip()


def unmarked(text: str) -> str:
    """The text behind its byte order mark, if it has one."""
    return text[next((len(mark) for mark in _MARKS if text.startswith(mark)), 0) :]


def read(text: str | None) -> dict[str, Any]:
    """The file's keys; none where there is no file.

    Raises:
        DaemonJsonError: It is no JSON, or a part that we add to is no object.
    """
    if text is None or blank(text):
        return {}
    text = unmarked(text)
    try:
        data = json.loads(text)
    except ValueError as error:
        raise DaemonJsonError(f"it is no JSON: {error}") from None
    except RecursionError:
        raise DaemonJsonError("it is no JSON that anybody reads: too many brackets") from None
    if not isinstance(data, dict):
        raise DaemonJsonError(f"it holds {type(data).__name__}, not an object in braces")
    for key in ("features", "runtimes"):
        if key in data and not isinstance(data[key], dict):
            raise DaemonJsonError(f'"{key}" is not an object in braces')
    return data


def merged(text: str | None, settings: Settings) -> str | None:
    """The file's new text, or None where it says already what it should.

    Args:
        text: The file as it is; None: there is none.
        settings: What must stand there.

    Raises:
        DaemonJsonError: See `read`.
    """
    now = read(text)
    then = _with(now, settings)
    if then == now:
        return None
    return json.dumps(then, indent=indentation(text), ensure_ascii=False) + "\n"


def changed(text: str | None, settings: Settings) -> tuple[str, ...]:
    """Keys that `merged` adds or changes. Raises `DaemonJsonError` as that does."""
    now = read(text)
    then = _with(now, settings)
    return tuple(key for key in then if key not in now or then[key] != now[key])


def _with(now: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    then = dict(now)
    if settings.runtime:
        known = dict(then.get("runtimes", {}))
        entry = known.get("nvidia")
        if not isinstance(entry, dict):
            known["nvidia"] = {"args": [], "path": RUNTIME}
        elif entry.get("path") not in _OWN_PATHS:
            known["nvidia"] = {**entry, "path": RUNTIME}
        then["runtimes"] = known
    if settings.default_runtime:
        then["default-runtime"] = "nvidia"
    if settings.features:
        then["features"] = {**then.get("features", {}), **settings.features}
    if settings.spec_folders:
        folders = [str(folder) for folder in _listed(then.get("cdi-spec-dirs"))]
        missing = [folder for folder in settings.spec_folders if folder not in folders]
        if missing:
            then["cdi-spec-dirs"] = [*folders, *missing]
    if settings.mirrors:
        plain = [str(m).rstrip("/") for m in _listed(then.get("registry-mirrors"))]
        if plain != list(settings.mirrors):
            then["registry-mirrors"] = list(settings.mirrors)
    return then


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def indentation(text: str | None) -> int | str:
    """The indentation that the file has, so that a person's diff shows our lines alone."""
    found = re.search(r"\n([ \t]+)\S", text or "")
    return found[1] if found else 4

"""Secrets of an inventory: where they come from is written down, what they are is not."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 120
MOST_BYTES = 64 * 1024
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_KINDS = ("env", "file", "command")
_WORD = re.compile(r"(?i)(^|[-_])(password|passwd|passphrase|token|secret)s?($|[-_])")


class SecretError(ValueError):
    """A secret is not named well, or cannot be had. ``str()`` has no part of it."""


@dataclass(frozen=True)
class Secrets:
    """What runs of pyinfra get beside the command line."""

    data: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Host data of every host, over the inventory's own."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables that the inventory may read."""

    @property
    def values(self) -> tuple[str, ...]:
        """What must not be in any log."""
        return (*self.data.values(), *self.environment.values())


def read(sources: Sequence[str]) -> Secrets:
    """Fetch secrets.

    Args:
        sources: ``NAME=env:VARIABLE``, ``NAME=file:PATH`` or ``NAME=command:WORDS``. A name in
            capitals is a variable that the inventory reads (``os.environ``); any other is host
            data. One line feed at the end of a file, or of what a command says, is none of it.

    Raises:
        SecretError: A source says something else, or has nothing.
    """
    data: dict[str, str] = {}
    environment: dict[str, str] = {}
    for source in sources:
        name, kind, place = parted(source)
        into = environment if name == name.upper() else data
        into[name] = _value(name, kind, place)
    return Secrets(data, environment)


def parted(source: str) -> tuple[str, str, str]:
    """Name, kind and place. Raises `SecretError`."""
    name, named, rest = source.partition("=")
    kind, _, place = rest.partition(":")
    if not _NAME.fullmatch(name) or kind not in _KINDS or not place:
        # What follows the name may be the secret itself: it is not repeated.
        shown = name if named and _NAME.fullmatch(name) else "NAME"
        raise SecretError(
            f"--secret {shown}=…: say where it is and not what it is: {shown}=env:VARIABLE, "
            f'{shown}=file:PATH or {shown}="command:pass show {shown}"'
        )
    return name, kind, place


def looks_like_one(option: str) -> bool:
    """Whether an option, or a key of host data, is called as secrets are."""
    return bool(_WORD.search(option.lstrip("-")))


def _value(name: str, kind: str, place: str) -> str:
    if kind == "env":
        found = os.environ.get(place)
        if found is None:
            raise SecretError(f"secret {name}: the environment has no variable {place}")
    else:
        raw = _of_file(name, place) if kind == "file" else _of_command(name, place)
        if len(raw) > MOST_BYTES:
            raise SecretError(f"secret {name}: more than {MOST_BYTES} bytes are no secret")
        try:
            found = raw.decode("utf-8")
        except UnicodeDecodeError:
            raise SecretError(f"secret {name}: what {kind}:{place} has is no text") from None
        found = found.removesuffix("\n").removesuffix("\r")
    if not found or "\0" in found:
        raise SecretError(f"secret {name}: {kind}:{place} has nothing that can be used")
    return found


def _of_file(name: str, place: str) -> bytes:
    try:
        with Path(place).expanduser().open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SecretError(f"secret {name}: {place}: {error.strerror}") from None


def _of_command(name: str, words: str) -> bytes:
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", words],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = f"no answer in {SECONDS} s" if isinstance(error, subprocess.TimeoutExpired) else error
        raise SecretError(f"secret {name}: its command gave no answer: {why}") from None
    if done.returncode:
        raise SecretError(f"secret {name}: its command ended with exit status {done.returncode}")
    return done.stdout

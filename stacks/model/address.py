"""Addresses that may carry a user and a password: told without them, and taken apart. Pure.

A login in an address is a secret. It is handed to the program that fetches, by a way that no other
account can read, and it is in no message, no list of processes and no file that others may read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

_LOGIN = re.compile(r"://[^/\s\"']*@")
_SAYABLE = re.compile(r"[!-~]+")
"""What apt's auth.conf, dnf's and curl's files can all say: no blank, and ASCII alone."""


@dataclass(frozen=True)
class Login:
    """A user and a password as they are, without ``%XX``."""

    user: str
    password: str = field(repr=False)


def masked(text: str) -> str:
    """The text with ``HIDDEN`` for what stands before the ``@`` of each address in it."""
    return _LOGIN.sub("://HIDDEN@", text) if "@" in text else text


def bare(address: str) -> str:
    """The address without user and password."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)) if "@" in parts.netloc else address


def login(address: str) -> Login | None:
    """The user and the password in an address; None: it has none."""
    said, at, _ = urlsplit(address).netloc.rpartition("@")
    user, _, password = said.partition(":")
    return Login(unquote(user), unquote(password)) if at else None


def fault(address: str) -> str | None:
    """What is wrong with the part before the path; None: nothing.

    The reason holds nothing of the address.
    """
    try:
        parts = urlsplit(address)
        told, _ = parts.netloc, parts.port
    except ValueError:
        return "a port that is no number"
    if told.count("@") > 1:
        return 'an "@" before the last one, which is written %40'
    found = login(address)
    if found is None:
        return None
    if not found.user or ":" in found.user:
        return "a login without a user, or with a colon in it"
    for word in (found.user, found.password):
        if word and (not _SAYABLE.fullmatch(word) or word.startswith("#")):
            return (
                "a user or password with blanks, control characters or other than ASCII, or with "
                '"#" at its beginning'
            )
    return None

"""What a further repository's files have in common on every host. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from stacks.model.messages import Conflict


def digest(keyring: bytes) -> str:
    """What a file of keys is named by: a later run sees without network that it is the checked one.

    The first 16 hexadecimal digits of its SHA-256.
    """
    return hashlib.sha256(keyring).hexdigest()[:16]


def same(address: str, uris: Iterable[str]) -> bool:
    """Whether one of the addresses means this repository, whatever its scheme and user."""

    def plain(uri: str) -> str:
        return re.sub(r"^[a-z+]+://(?:[^@/]*@)?", "", uri.lower()).rstrip("/.")

    return any(plain(uri) == plain(address) for uri in uris)


def shared(file: str, what: str, why: str, remedy: str, source: str) -> Conflict:
    """SOURCE-SHARED: a file that names this repository among others and cannot be moved aside."""
    return Conflict(
        "SOURCE-SHARED",
        f"{file} names a repository of the plan beside {what}",
        f"{why}, and the file is not ours to change",
        (remedy,),
        source,
    )

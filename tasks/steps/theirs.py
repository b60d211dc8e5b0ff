"""A user's files: read and written as that user, whole, regular and within limits.

Whoever owns a folder may put anything under a name there, between any look and any use. So root
never opens what lies in one: a process with the user's own rights does, and root takes from it only
as much as is wanted, for as long as that may take. See ``facts/theirs.sh``.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from dataclasses import dataclass

from pyinfra.api.host import Host

from facts.script import text as shell
from tasks.steps.files import packed
from tasks.steps.step import run

LIMIT = 2**18
"""Bytes of settings that are read: 256 KiB, where a daemon's are a few."""
SECONDS = 20

_WRITE = """
umask 077
IFS= read -r want || want=0
target=$(readlink -m -- "$1") && mkdir -p "${target%/*}" || exit 1
[ ! -e "$target" ] || [ -f "$target" ] || { echo "it is no regular file"; exit 1; }
fresh=$(mktemp "${target%/*}/.gpuwright.XXXXXXXX") || exit 1
head -c "${want##* }" >"$fresh" &&
    [ "$(sha256sum <"$fresh" | cut -c 1-64) $(wc -c <"$fresh")" = "$want" ] &&
    chmod "$2" "$fresh" && sync "$fresh" && mv -fT "$fresh" "$target" && exit
rm -f "$fresh"
echo "it could not be written whole: is the disk full, or the user's share of it?"
exit 1
"""


class TheirsError(Exception):
    """A file that cannot be taken, with the reason."""


@dataclass(frozen=True)
class Owner:
    """Whose file it is."""

    uid: int
    gid: int


ROOT = Owner(0, 0)


def read(host: Host, owner: Owner, path: str) -> str | None:
    """The text of a file, within a step; ``None``: there is none.

    Raises:
        TheirsError: It is no regular file, too big, not its user's to read, or no text.
    """
    words = shlex.join(["their", str(owner.uid), str(owner.gid), path, str(LIMIT)])
    good, said = run(host, f"{shell('theirs')}\n{words}", timeout=60)
    kind, _, rest = said.strip().partition(" ")
    if good and kind == "absent":
        return None
    if not good or kind != "whole":
        raise TheirsError(rest if good and kind == "why" else said or "the host did not answer")
    try:
        return base64.b64decode(rest, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise TheirsError("it is no text in UTF-8") from None


def write(host: Host, owner: Owner, path: str, text: str, mode: str = "644") -> None:
    """Write a file as its user, whole or not at all; a link there stays a link.

    Raises:
        TheirsError: It could not be written; what was there is as it was.
    """
    script = f"{shell('theirs')}\n{written_script(owner, path, mode)}"
    good, said = run(host, script, timeout=3 * SECONDS, stdin=packed(text))
    if not good:
        raise TheirsError(said.strip().replace("\n", "; ") or f"no end within {SECONDS} s")


def written_script(owner: Owner, path: str, mode: str) -> str:
    """Shell for behind ``facts/theirs.sh`` that reads `packed` and writes the file."""
    return as_owner(owner, ["sh", "-c", _WRITE, "sh", path, mode]) + " 2>&1"


def folder_script(owner: Owner, path: str) -> str:
    """Shell for behind ``facts/theirs.sh`` that makes a folder, as its user."""
    return as_owner(owner, ["mkdir", "-p", "--", path])


def as_owner(owner: Owner, words: list[str]) -> str:
    """Shell for behind ``facts/theirs.sh``: a command with the rights of this user alone."""
    return shlex.join(["as_user", str(owner.uid), str(owner.gid), str(SECONDS), *words])

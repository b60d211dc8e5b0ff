"""User data for cloud-init, and a plain script that does the same. Pure."""

from __future__ import annotations

import base64
import gzip
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

import yaml

from tasks.pull.files import UNIT, Laid

LIMIT = 16384
"""Bytes of user data that EC2 takes (User Guide, "Run commands when you launch"); others take more:
OpenStack and Azure 64 KiB, Google Cloud 256 KiB, a NoCloud seed what fits on its disk."""
_WIDTH = 76
_PLAIN = (".json", ".service")
_START = (
    ("systemctl", "daemon-reload"),
    ("systemctl", "enable", "--quiet", UNIT),
    ("systemctl", "start", UNIT),
)


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, where YAML can say them so."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def user_data(files: Sequence[Laid], limit: int | None = None) -> str:
    """A ``#cloud-config`` document that lays these files and starts the unit.

    The settings and the unit can be read in it; the program is packed, else it would fill a third
    of what EC2 takes. Where it does not fit so, the others are packed too.

    Args:
        files: What is laid.
        limit: Bytes that the cloud takes; None: any.
    """
    text = _document(files, _PLAIN)
    return text if limit is None or len(text) <= limit else _document(files, ())


def _document(files: Sequence[Laid], plain: tuple[str, ...]) -> str:
    document = {
        "write_files": [_written(file, plain) for file in files],
        "runcmd": [list(words) for words in _START],
    }
    return "#cloud-config\n" + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=10**6)


def _written(file: Laid, plain: tuple[str, ...]) -> dict[str, Any]:
    found = {"path": file.path, "owner": "root:root", "permissions": f"{file.mode:04o}"}
    if file.path.endswith(plain):
        return {**found, "content": file.body.decode("ascii")}
    packed = base64.b64encode(gzip.compress(file.body, 9, mtime=0)).decode()
    return {**found, "encoding": "gz+b64", "content": packed}


def too_long(size: int, limit: int, carried: int) -> str:
    """Why a document is no user data, in words; empty: it fits.

    Args:
        size: Its bytes.
        limit: Bytes that the cloud takes.
        carried: Bytes of the archive in it; 0: it is fetched.
    """
    if size <= limit:
        return ""
    why = f"the user data has {size:,} bytes, and {limit:,} is the limit"
    if carried:
        why += (
            f": the archive alone has {carried:,}. Let it be fetched (--from ADDRESS), or use the"
            " plain script, which has no limit"
        )
    else:
        why += ": --gzip makes it smaller, and fewer host data do"
    return f"{why}. Where the cloud takes more, say so with --limit"


def script(files: Sequence[Laid], start: bool = True) -> str:
    """The same as a plain shell script, for root on a machine without cloud-init.

    Args:
        files: What is laid.
        start: Whether the unit is started now; else it starts with the next boot: for an image.
    """
    return "\n".join(_lines(files, start)) + "\n"


def _lines(files: Sequence[Laid], start: bool) -> Iterator[str]:
    yield "#!/bin/sh"
    yield "# Lets this machine provision itself as a GPU host. To be run as root."
    yield "set -eu"
    yield "umask 022"
    yield '[ "$(id -u)" = 0 ] || { echo "NO-ROOT: run this as root" >&2; exit 1; }'
    yield "put() {  # FILE MODE: its text, in base64, is the input"
    yield '    base64 -d >"$1.part"'
    yield '    chmod "$2" "$1.part"'
    yield '    mv -f "$1.part" "$1"'
    yield "}"
    for folder in sorted({str(PurePosixPath(file.path).parent) for file in files}):
        yield f"mkdir -p {shlex.quote(folder)}"
    for file in files:
        yield f"put {shlex.quote(file.path)} {file.mode:04o} <<'END'"
        yield from textwrap.wrap(base64.b64encode(file.body).decode(), _WIDTH)
        yield "END"
    yield from (shlex.join(words) for words in _START[:2])
    if not start:
        yield f'echo "{UNIT} starts with the next boot"'
        return
    # Active after its end too, where a start would do nothing; a run is not broken off.
    yield f'if [ "$(systemctl show -p SubState {UNIT})" = SubState=running ]; then'
    yield f'    echo "it runs, with the settings of before; then: systemctl restart {UNIT}"'
    yield "else"
    yield f"    systemctl restart {UNIT}"
    yield f'    echo "started: systemctl status {UNIT}; journalctl -fu {UNIT}"'
    yield "fi"

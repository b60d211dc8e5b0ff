"""Small files of ours on the host: whole or not at all, in one round trip."""

from __future__ import annotations

import base64
import hashlib
import shlex

from facts.model.host import HostState

HEADER = "# Written by gpuwright: changes made by hand are overwritten at its next run.\n"


def digest(content: str) -> str:
    """SHA-256 of a file's text, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def differs(state: HostState, path: str, content: str) -> bool:
    """Whether the host lacks this file or holds another text under its path."""
    return state.managed_files.get(path) != digest(content)


def write_script(path: str, content: str, mode: str = "644") -> str:
    """Shell that writes the file beside its place and moves it there."""
    return write_bytes_script(path, content.encode(), mode)


def write_bytes_script(path: str, content: bytes, mode: str = "644") -> str:
    """`write_script` for a file that is no text."""
    packed = base64.b64encode(content).decode()
    target, fresh = shlex.quote(path), shlex.quote(path + ".new")
    return (
        f'mkdir -p "$(dirname {target})" && printf %s {packed} | base64 -d >{fresh} '
        f"&& chmod {mode} {fresh} && mv {fresh} {target}"
    )


def put_script(path: str, mode: str = "600") -> str:
    """Shell that writes what it reads into the file, beside its place first: for secrets.

    `tasks.steps.step.run` hands the text over, so that it is in no command line.
    """
    target, fresh = shlex.quote(path), shlex.quote(path + ".new")
    return (
        f'umask 077; mkdir -p "$(dirname {target})" && cat >{fresh} && chmod {mode} {fresh} '
        f"&& mv {fresh} {target}"
    )

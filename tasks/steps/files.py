"""Files of ours on the host: in folders of root's alone, whole or not at all.

What a file is to hold travels with its size and sha256, which are compared before it gets its name:
a full disk or a cut connection leaves what was there. Its rights are root's alone until then.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from collections.abc import Iterable

from facts.model.host import HostState
from tasks.templates import render

HEADER = "# Written by gpuwright: changes made by hand are overwritten at its next run.\n"

_SHARED = render("place.sh.j2") + render("settle.sh.j2")
FUNCTIONS = re.sub(r"^ +", "", _SHARED, flags=re.MULTILINE)
"""The shell functions of these files; indentation would only make commands longer."""


def digest(content: str) -> str:
    """SHA-256 of a file's text, in hexadecimal digits."""
    return hashlib.sha256(content.encode()).hexdigest()


def differs(state: HostState, path: str, content: str) -> bool:
    """Whether the host lacks this file or holds another text under its path."""
    return state.managed_files.get(path) != digest(content)


def place_script(folder: str) -> str:
    """Shell that makes a folder, and fails where somebody else could put a file there.

    It says why. ``folder`` is a path without patterns.
    """
    return f"( {FUNCTIONS}place {shlex.quote(folder)} )"


def write_script(path: str, content: str, mode: str = "644") -> str:
    """Shell that writes the file beside its place, compares it, and moves it there."""
    return write_bytes_script(path, content.encode(), mode)


def write_bytes_script(path: str, content: bytes, mode: str = "644") -> str:
    """`write_script` for a file that is no text."""
    packed = base64.b64encode(content).decode()
    known = f"{hashlib.sha256(content).hexdigest()} {len(content)}"
    return _written(path, mode, f"printf %s {packed} | base64 -d", f"want='{known}'")


def put_script(path: str, mode: str = "600") -> str:
    """Shell that writes what it reads into the file, as `write_script` does: for secrets.

    It reads `packed`, which `tasks.steps.step.run` hands over, so that neither the text nor its
    digest is in a command line.
    """
    # pyinfra ends what it hands over with a line feed where it has none (3.10, `write_stdin`).
    source = 'head -c "${want##* }"'
    return _written(path, mode, source, "IFS= read -r want || want=0")


def taken_script(box: str, path: str, mode: str, sha256: str, size: int) -> str:
    """Shell that takes what a login has put into a folder of its own, and gives it its name.

    Args:
        box: The folder, which has the file ``file``.
        path: The new file.
        mode: Its rights.
        sha256: In hexadecimal digits.
        size: In bytes.
    """
    taken = (
        # Nobody else can change a name there from here on; what is there by then may be anything.
        f"chown 0:0 {box} && chmod 700 {box} && cd {box} && [ -f file ] && [ ! -L file ] && "
        "[ $(stat -c %h file) = 1 ] && chown 0:0 file && chmod 600 file && mv file"
    )
    return _written(path, mode, taken, f"want='{sha256} {size}'", "")


def packed(content: str) -> str:
    """What `put_script` reads: a line with sha256 and size, then the text."""
    return f"{digest(content)} {len(content.encode())}\n{content}"


def joined(scripts: Iterable[str], between: str = " && ") -> str:
    """Scripts of this module in one: what they share is said once, as a command has its limits.

    Linux takes no word of more than 128 KiB (execve(2)).
    """
    whole = between.join(script.replace(FUNCTIONS, "") for script in scripts)
    return FUNCTIONS + whole


def _written(path: str, mode: str, source: str, known: str, into: str = ">") -> str:
    target, fresh = shlex.quote(path), shlex.quote(path + ".new")
    folder = shlex.quote(path.rpartition("/")[0] or "/")
    return (
        f"( {FUNCTIONS}umask 077; {known}; place {folder} || exit 1; rm -f {fresh} && "
        f"{source} {into}{fresh} && settle {target} {mode} || unsettled {target} )"
    )

"""Files from here to a host and back, by a folder that nobody else can foresee or enter.

pyinfra sends a file for root through ``/tmp``, under a name that anybody can compute beforehand
and with the login's umask, and brings one back as a copy that all may read. Here the login gets a
folder of its own for one file, below one of root's; what came is root's before it is looked at, and
is compared with what was sent before it gets its name.
"""

from __future__ import annotations

import hashlib
import io
import shlex
from pathlib import Path

from pyinfra import logger
from pyinfra.api import FunctionCommand
from pyinfra.api.host import Host

from tasks.steps.files import packed, place_script, put_script, taken_script
from tasks.steps.step import LOST, run

FOLDER = "/var/lib/gpuwright/transfers"


def put(host: Host, path: str, text: str, mode: str = "600") -> tuple[bool, str]:
    """Write a small file within a step; its text is in no command line.

    Gives whether it went well, and what speaks against it. The old one stays then.
    """
    return run(host, put_script(path, mode), stdin=packed(text))


def upload(source: Path | bytes, path: str, mode: str = "600") -> FunctionCommand:
    """The command that sends a file, as `uploaded` does."""
    return FunctionCommand(_upload, (source, path, mode), {})


def _upload(state: object, host: Host, source: Path | bytes, path: str, mode: str) -> bool:
    return uploaded(host, source, path, mode)


def uploaded(host: Host, source: Path | bytes, path: str, mode: str = "600") -> bool:
    """Send a file, as root's, whole or not at all; says why not.

    Args:
        host: The host.
        source: The file here, or its bytes.
        path: Where it goes; what is there stays until the new one is whole.
        mode: Its rights, in octal digits.
    """
    try:
        digest, size = _known(source)
        box = _box(host, path)
        if not box:
            return False
        sent = str(source) if isinstance(source, Path) else io.BytesIO(source)
        good = host.put_file(sent, f"{box}/file")
    except LOST as error:
        return _failed(host, path, "sent", str(error))
    said = "the connection did not take it"
    if good:
        good, said = run(host, taken_script(box, path, mode, digest, size))
    run(host, f"rm -rf {box}")
    return good or _failed(host, path, "sent", said)


def downloaded(host: Host, path: str, target: Path) -> bool:
    """Bring one of root's files here; whether it is whole is the caller's to see.

    Args:
        host: The host.
        path: The file there.
        target: The file here; it is written over.
    """
    try:
        box = _box(host, "")
        if not box:
            return False
        file = shlex.quote(path)
        # A link of the same file costs no room; it is gone before anything else is done there.
        lent = f"cd {box} && {{ ln {file} file 2>/dev/null || cp {file} file; }} && "
        good, said = run(host, f'{lent} chown "$(stat -c %u .)" file && chmod 400 file')
        good = good and host.get_file(f"{box}/file", str(target))
        run(host, f"rm -rf {box}")
    except LOST as error:
        return _failed(host, path, "fetched", str(error))
    return good or _failed(host, path, "fetched", said)


def _box(host: Host, path: str) -> str:
    """A new folder on the host that the login may enter and no other user; empty: there is none."""
    target = place_script(path.rpartition("/")[0]) if path else ":"
    script = (
        f"{target} && {place_script(FOLDER)} && cd {FOLDER} && chmod 711 . && chmod go+x .. && "
        f"box=$(mktemp -d {FOLDER}/XXXXXXXXXXXX) && "
        'chown "${SUDO_UID:-$(id -u)}" "$box" && echo "$box"'
    )
    good, said = run(host, script)
    if good and said.startswith(f"{FOLDER}/"):
        return shlex.quote(said.strip())
    _failed(host, path or FOLDER, "sent" if path else "fetched", said)
    return ""


def _failed(host: Host, path: str, what: str, why: str) -> bool:
    logger.error(f"{host.print_prefix}{path} could not be {what}: {why or 'no reason was given'}")
    logger.error(
        f"{host.print_prefix}    do:  see whether a disk is full there (df -h /var /opt) or here, "
        "then run this again; what was there before is as it was"
    )
    return False


def _known(source: Path | bytes) -> tuple[str, int]:
    """SHA-256 and size. Raises `OSError` where the file cannot be read."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest(), len(source)
    digest = hashlib.sha256()
    with source.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
        return digest.hexdigest(), file.tell()

"""gpuwright on the host: fetched, compared with its hash, unpacked, given an environment. Pure."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from . import files
from .telling import status

READ_S = 60
"""Of a download without a byte."""
BLOCK = 1 << 16
ASK_S = 5
SAY_S = 60
HAVE_S = 60
"""How long the network is waited for where the archive is here already, as after a reboot."""
LOCK = ("could not get lock", "is held by process", "waiting for process")
KEPT = ["install", "--no-install-recommends", "--no-remove", "--no-upgrade"]
"""What is there stays as it is, unless what is missing needs a newer one."""
PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10")
SERVES = "import ensurepip, sys; sys.exit(sys.version_info < (3, 10))"
LOCKED = "requirements.lock"


class Trouble(Exception):  # noqa: N818 - what is told and tried again, and no error of the program
    """Why this try goes no further, in one line."""


def network(address: str, limit_s: float) -> None:
    """Wait until the server of an address can be connected to.

    Raises:
        Trouble: It could not, in the time.
    """
    parts = urllib.parse.urlsplit(address)
    if parts.scheme not in ("http", "https") or urllib.request.getproxies().get(parts.scheme):
        return  # a file, or a proxy that knows where it is
    where = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    began = said = time.monotonic()
    while True:
        try:
            socket.create_connection(where, timeout=ASK_S).close()
        except OSError as error:
            why = str(error)
        else:
            return
        waited = time.monotonic() - began
        if waited >= limit_s:
            raise Trouble(f"no network: {where[0]} was not reached in {limit_s:.0f} s ({why})")
        if said == began or time.monotonic() - said >= SAY_S:
            said = time.monotonic()
            status(f"the network is not there yet: {why}; {waited:.0f} s of {limit_s:.0f}")
        time.sleep(ASK_S)


def reached(archive: dict[str, Any], limit_s: float) -> None:
    """Wait for the archive's server; one that is gone is no trouble where the archive is here.

    Raises:
        Trouble: It is not here, and its server was not reached.
    """
    have = _folder(archive).is_dir()
    try:
        network(archive["from"], min(limit_s, HAVE_S) if have else limit_s)
    except Trouble as trouble:
        if not have:
            raise
        status(f"{trouble}; the archive is here already")


def _folder(archive: dict[str, Any]) -> Path:
    return files.HERE / f"source-{archive['sha256'][:16]}"


def fetched(archive: dict[str, Any]) -> Path:
    """The folder with what the archive holds.

    Args:
        archive: ``from`` (an address or a path), ``sha256``, ``size`` in bytes.

    Raises:
        Trouble: It cannot be read, or is another one than was pinned: nothing of it is unpacked.
    """
    digest, size = archive["sha256"], archive["size"]
    folder = _folder(archive)
    if folder.is_dir():
        return folder
    body = files.HERE / "archive.part"
    seen, left = hashlib.sha256(), size
    try:
        with _opened(archive["from"]) as source, body.open("wb") as target:
            while block := source.read(BLOCK):
                left -= len(block)
                if left < 0:
                    break
                seen.update(block)
                target.write(block)
        if left or seen.hexdigest() != digest:
            raise Trouble(
                f"the archive is another one than was pinned: {size - left} bytes of {size}, "
                f"sha256 {seen.hexdigest()}, expected {digest}; nothing was unpacked"
            )
        _unpack(body, folder)
    except (OSError, ValueError, tarfile.TarError) as error:
        said = getattr(error, "reason", error)
        raise Trouble(f"the archive cannot be read: {type(error).__name__}: {said}") from None
    finally:
        if body.exists():
            body.unlink()
    return folder


def _opened(place: str) -> Any:
    if place.startswith("/"):
        return Path(place).open("rb")
    return urllib.request.urlopen(place, timeout=READ_S)


def _unpack(body: Path, folder: Path) -> None:
    """Plain files alone, below the folder, which has its name once all are there."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with tarfile.open(body, "r:xz") as archive:
        for member in archive:
            path = Path(member.name)
            if not member.isfile() or path.is_absolute() or ".." in path.parts:
                raise Trouble(f"the archive holds {member.name!r}, which is no plain file below it")
            source, target = archive.extractfile(member), part / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert source is not None
            with source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
    part.rename(folder)


def environment(folder: Path, index: str, proxy: str, lock_wait_s: int) -> Path:
    """The interpreter of the project's own environment, made or completed now.

    Raises:
        Trouble: There is no Python that serves, or pip did not get everything.
    """
    python, mark = folder / ".venv/bin/python", folder / ".venv/.locked"
    want = hashlib.sha256((folder / LOCKED).read_bytes()).hexdigest()
    if mark.is_file() and mark.read_text() == want:
        return python
    base = _python() or _install(lock_wait_s)
    status("making the environment from requirements.lock")
    shutil.rmtree(folder / ".venv", ignore_errors=True)
    _run([base, "-m", "venv", str(folder / ".venv")], "the environment cannot be made")
    more = {"PIP_INDEX_URL": index} if index else {}
    if proxy:
        more.update(http_proxy=proxy, https_proxy=proxy)
    words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    words += ["--require-hashes", "--only-binary=:all:", "--no-deps", "-r", str(folder / LOCKED)]
    _run(words, "the environment is not whole", more)
    mark.write_text(want)
    for other in files.HERE.glob("source-*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    return python


def _python() -> str:
    for name in PYTHONS:
        path = shutil.which(name) or ""
        if path and not subprocess.run([path, "-c", SERVES], capture_output=True).returncode:
            return path
    return ""


def _install(lock_wait_s: int) -> str:
    """Debian and Ubuntu keep Python's venv apart; Rocky's own Python is too old."""
    if shutil.which("apt-get"):
        apt = ["apt-get", "-o", f"DPkg::Lock::Timeout={lock_wait_s}", "-qq", "-y"]
        ways = [[apt + ["update"], apt + KEPT]]
        names = [["python3", "python3-venv", "ca-certificates"]]
    elif shutil.which("dnf"):
        ways, names = [[["dnf", "-q", "-y", "install"]]] * 2, [["python3.12"], ["python3.11"]]
    else:
        raise Trouble(
            "Python 3.10 or newer with its venv module is needed, and neither apt nor dnf"
        )
    why = ""
    for commands, packages in zip(ways, names):  # noqa: B905 - Python 3.8 runs this
        status(f"installing {' '.join(packages)}")
        try:
            for command in commands[:-1]:
                _patiently(command, lock_wait_s)
            _patiently(commands[-1] + packages, lock_wait_s)
        except Trouble as trouble:
            why = f": {trouble}"
        if found := _python():
            return found
    raise Trouble(f"this system has no Python 3.10 or newer with its venv module{why}")


def _patiently(command: list[str], limit_s: int) -> None:
    """Run it, again while another program holds the package manager's lock."""
    began = time.monotonic()
    while True:
        try:
            return _run(command, command[0], {"DEBIAN_FRONTEND": "noninteractive"})
        except Trouble as trouble:
            held = any(word in str(trouble).lower() for word in LOCK)
            if not held or time.monotonic() - began > limit_s:
                raise
            status(f"{command[0]} waits for a lock: {str(trouble)[-200:]}")
        time.sleep(ASK_S)


def _run(command: list[str], what: str, more: dict[str, str] | None = None) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **(more or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        said = " ".join(done.stdout.decode(errors="replace").split())[-500:]
        raise Trouble(f"{what}: {said or f'exit status {done.returncode}'}")

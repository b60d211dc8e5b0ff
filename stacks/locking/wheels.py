"""Only wheels: a lock allows no file that runs code of its own while it is installed.

A source package is built where it is installed, as root there, with build requirements that no lock
pins and no digest checks. So whoever stands between a host and its index could run what he likes. A
wheel is unpacked and nothing more (PEP 427). Below each package, a lock names its files, one for
each digest and in the same order: `uv` tells them, and a test reads them.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import uv

ONLY = "--only-binary=:all:"
"""What each call of uv or pip that looks for packages is told: take wheels, build nothing.

It holds for folders and archives that are named by path, too (uv 0.13: "Building source
distributions is disabled"). ``--no-build`` means the same to uv, which refuses both together.
"""
# Python 3.10 has no reader for TOML; this is how uv 0.13 writes a file of a package.
_FILE = re.compile(r'[{] url = "([^"]+)"[^\n]*?sha256 = "([0-9a-f]{64})"')
_SIZE = re.compile(r'[{] url = "[^\n]*? size = ([0-9]{1,15}),[^\n]*?sha256 = "([0-9a-f]{64})"')
_HASH = re.compile(r"\s+--hash=sha256:([0-9a-f]{64})(?: \\)?\n?")


class LockError(RuntimeError):
    """A lock could not be made. ``str()`` is the whole message for a user."""


def offered(pylock: str) -> dict[str, str]:
    """SHA-256 to address of the wheels in what ``uv pip compile --format=pylock.toml`` writes."""
    return {digest: url for url, digest in _FILE.findall(pylock) if _name(url).endswith(".whl")}


def sizes(pylock: str) -> dict[str, int]:
    """SHA-256 to bytes of the files of which that tells the size; not every index does."""
    return {digest: int(size) for size, digest in _SIZE.findall(pylock)}


def compiled(
    words: Sequence[str], seconds: float, text: str = "", folder: Path | None = None
) -> str:
    """What ``uv pip compile`` prints, of wheels alone.

    Args:
        words: What it is told beside that.
        seconds: How long it may take.
        text: What it reads.
        folder: Where it runs; None: here.

    Raises:
        LockError: It cannot resolve that, in its own words.
        subprocess.TimeoutExpired: It did not answer.
    """
    done = subprocess.run(
        [uv.find_uv_bin(), "pip", "compile", ONLY, "--no-header", "--quiet", *words],
        cwd=folder,
        input=text,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        env={**os.environ, "UV_NO_PROGRESS": "1"},
    )
    if done.returncode:
        raise LockError(in_words(done.stderr))
    return done.stdout


def named(text: str, options: Sequence[str], seconds: float) -> dict[str, str]:
    """SHA-256 to file name of the wheels that the index has for the pins of a lock.

    Args:
        text: The lock; its packages are not resolved again.
        options: What else uv is told: the target, and another index where one is asked.
        seconds: How long uv may take.

    Raises:
        LockError: uv cannot tell, in its own words.
        subprocess.TimeoutExpired: uv did not answer.
    """
    said = compiled(["-", "--no-deps", "--format=pylock.toml", *options], seconds, text)
    return {digest: _name(url) for digest, url in offered(said).items()}


def pinned(text: str, files: Mapping[str, str]) -> str:
    """A lock as ``uv pip compile --generate-hashes`` writes it, of these wheels alone.

    Args:
        text: The lock, with the digests of all files of each package.
        files: SHA-256 to file name of the wheels that are wanted.

    Raises:
        LockError: A package has none of them.
    """
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)
    return blocks[0] + "".join(_block(block, files) for block in blocks[1:])


def _block(block: str, files: Mapping[str, str]) -> str:
    pin, *lines = block.splitlines(keepends=True)
    digests = [match[1] for line in lines if (match := _HASH.fullmatch(line))]
    rest = [line for line in lines if not _HASH.fullmatch(line)]
    kept = [digest for digest in digests if digest in files]
    if not kept:
        raise LockError(_without_wheel(pin.split(" ")[0].strip()))
    return f"{pin.rstrip()}\n" + entry(kept, files) + "".join(rest)


def entry(digests: Sequence[str], files: Mapping[str, str]) -> str:
    """The lines below a pin: a digest each, then the file's name for each."""
    hashes = " \\\n".join(f"    --hash=sha256:{digest}" for digest in digests)
    return hashes + "\n" + "".join(f"    # {files[digest]}\n" for digest in digests)


def in_words(complaint: str) -> str:
    """What uv complains about; a package without a wheel first, in plain words."""
    lacking = re.findall(
        r"(?:Because|that|and) (?:all versions of )?(\S+) has no usable wheels|"
        r"all versions of (\S+) have no usable wheels",
        complaint,
    )
    said = [_without_wheel(one or other) for one, other in lacking]
    return "\n".join([*dict.fromkeys(said), complaint.strip()])


def _without_wheel(package: str) -> str:
    return (
        f"{package} has no wheel for this target. Only wheels are locked: a source package runs "
        "its own code as root while it is built. Take a version that has a wheel."
    )


def _name(url: str) -> str:
    return unquote(urlsplit(url).path.rpartition("/")[2])

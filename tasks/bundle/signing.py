"""A key for one state of a bundle: made, used, and gone.

Nobody has to keep it: the next run that changes a repository makes another, and the manifest says
which. What nobody keeps, nobody can steal.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence

from facts.parse import openpgp
from tasks.offline.manifest import BundleError

SECONDS = 120
_KIND = ("ed25519", "sign", "never")
"""Every gpgv since Ubuntu 20.04's knows it, and Debian 13's sqv."""


def signed(texts: Sequence[str]) -> tuple[str, str, list[str]]:
    """Sign these.

    Returns:
        The key's fingerprint (40 hexadecimal digits), the armoured public key, and each text with
        its signature around it.

    Raises:
        BundleError: gpg is not here, or does not do it; the text says why.
    """
    if shutil.which("gpg") is None:
        raise BundleError(
            "gpg is not on this machine, and apt wants signatures; it lacks the package gnupg"
        )
    # A path of gpg's sockets may have some hundred letters.
    with tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp") as home:
        try:
            _gpg(home, "--passphrase", "", "--quick-generate-key", "gpuwright bundle", *_KIND)
            public = _gpg(home, "--armor", "--export")
            made = [
                _gpg(home, "--armor", "--digest-algo", "SHA512", "--clearsign", said=text)
                for text in texts
            ]
        finally:
            subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], capture_output=True)
    (fingerprint,) = openpgp.read(public.encode()).fingerprints
    return fingerprint, public, made


def _gpg(home: str, *words: str, said: str = "") -> str:
    try:
        done = subprocess.run(
            [
                "gpg",
                "--homedir",
                home,
                "--batch",
                "--quiet",
                "--no-tty",
                "--pinentry-mode",
                "loopback",
                *words,
            ],
            input=said,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BundleError(f"gpg does not sign: {error}") from None
    if done.returncode:
        raise BundleError(f"gpg does not sign: {done.stderr.strip()[:400]}")
    return done.stdout

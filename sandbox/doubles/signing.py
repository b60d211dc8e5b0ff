"""Keys of a double, and signatures by them, with the real gpg and a key ring of its own."""

import re
import time
from dataclasses import dataclass
from pathlib import Path

from sandbox.checkout import lock
from sandbox.commands import run


@dataclass(frozen=True)
class Signer:
    """A gpg home with the keys of one double."""

    home: Path

    def make(self, name: str, expired: bool = False) -> str:
        """Make an RSA key for `name` and give its fingerprint (40 hexadecimal digits).

        An `expired` key was made two days ago, for one day.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = set(self.fingerprints())
        then = [f"--faked-system-time={int(time.time()) - 2 * 86400}"] if expired else []
        uid = f"{name} (gpuwright sandbox, a stand-in) <sandbox@gpuwright.example>"
        life = "1d" if expired else "never"
        self._gpg(*then, "--passphrase", "", "--quick-gen-key", uid, "rsa2048", "sign", life)
        (made,) = set(self.fingerprints()) - before
        return made

    def fingerprints(self) -> list[str]:
        """Fingerprints of all primary keys, oldest first."""
        told = self._gpg("--with-colons", "--list-keys")
        return re.findall(r"^pub:.*\n(?:.*\n)*?fpr:+([0-9A-F]+):", told, re.MULTILINE)

    def public(self, *keys: str) -> str:
        """The public parts, ASCII-armoured."""
        return self._gpg("--armor", "--export", *keys)

    def clearsign(self, key: str, source: Path, target: Path, expired: bool = False) -> None:
        """Sign within the file: ``InRelease``."""
        self._sign("--clearsign", key, source, target, expired)

    def detach(self, key: str, source: Path, target: Path, expired: bool = False) -> None:
        """Sign beside the file: ``Release.gpg``."""
        self._sign("--armor", key, source, target, expired, "--detach-sign")

    def _sign(
        self, kind: str, key: str, source: Path, target: Path, expired: bool, *more: str
    ) -> None:
        # A key that has ended signs nothing, unless the clock says that it has not.
        then = [f"--faked-system-time={int(time.time()) - 2 * 86400 + 60}"] if expired else []
        target.unlink(missing_ok=True)
        self._gpg(
            *(*then, "--digest-algo", "SHA512", "--local-user", key, kind, *more),
            *("--output", str(target), str(source)),
        )

    def _gpg(self, *words: str) -> str:
        quiet = ("--quiet", "--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback")
        # One at a time: who ends first would take the agent away from the other.
        with lock("gpg"):
            try:
                return run("gpg", "--homedir", str(self.home), *quiet, *words)
            finally:
                self._end_agent()

    def _end_agent(self) -> None:
        """End the agent that gpg leaves running for each home; nobody else would.

        It answers before it is gone. Who signs in between meets it on its way out ("No agent
        running"), so its socket must have gone as well.
        """
        of_home = ("gpgconf", "--homedir", str(self.home))
        run(*of_home, "--kill", "gpg-agent", check=False)
        socket = Path(run(*of_home, "--list-dirs", "agent-socket").strip())
        end = time.monotonic() + 10
        while socket.exists() and time.monotonic() < end:
            time.sleep(0.02)

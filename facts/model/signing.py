"""Keys of a machine's own that kernel modules are signed with."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.shown import Shown

AKMODS = "/etc/pki/akmods/"


@dataclass(frozen=True)
class SigningKey(Shown):
    """A certificate, the private key beside it, and what the firmware and shim know of it."""

    path: str
    """The certificate (DER)."""
    private: str
    """The private key."""
    mode: int | None
    """Permissions of the private key; None: it is not there, or nobody could look."""
    enrolled: bool | None
    """Whether shim's list (``MokListRT``) or the firmware's (``db``) has it; None: unread."""
    pending: bool | None
    """Whether its enrolment waits for a person at the next boot (``MokNew``); None: unread."""
    words: tuple[str, ...] = ()
    """Texts in the certificate; the names of its owner are among them."""

    @property
    def is_open(self) -> bool:
        """Whether everybody on the host may read the private key, and so sign modules."""
        return bool((self.mode or 0) & 0o004)

    def has_signed(self, signer: str) -> bool:
        """Whether this is the key of a module whose signer modinfo calls so."""
        return bool(signer) and any(signer in word for word in self.words)

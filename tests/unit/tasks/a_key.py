"""Keys of a machine's own, as the probe sees them."""

from __future__ import annotations

from typing import Any

from facts.model.signing import SigningKey

SIGNER = "DKMS module signing key"


def key(**changes: Any) -> SigningKey:
    """DKMS's key, made and not enrolled yet."""
    fields: dict[str, Any] = {
        "path": "/var/lib/dkms/mok.pub",
        "private": "/var/lib/dkms/mok.key",
        "mode": 0o600,
        "enrolled": False,
        "pending": False,
        "words": (f"{SIGNER}0",),
    }
    return SigningKey(**{**fields, **changes})

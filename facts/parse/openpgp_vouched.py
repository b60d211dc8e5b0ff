"""What of an OpenPGP certificate its own primary key has signed (RFC 4880, 5.2.4 and 11.1).

Whoever pins a primary key trusts what that key says: its names, and its subkeys, whose signatures
apt and rpm take for the key's own. Anybody can append a subkey, a name or a signature to a file;
only who has the secret key can sign them. Nothing else is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature

Packet: TypeAlias = tuple[int, bytes]
"""Tag and body."""
_Public: TypeAlias = (
    rsa.RSAPublicKey | dsa.DSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
)

SIGNATURE, PRIMARY, TRUST, USER_ID, SUBKEY, ATTRIBUTE = 2, 6, 12, 13, 14, 17
_OF_PRIMARY = {0x1F, 0x20}
_OF_NAME = {0x10, 0x11, 0x12, 0x13, 0x30}
_OF_SUBKEY = {0x18, 0x28}
"""Kinds of signature by what they are about: certifications, bindings, revocations."""
_BINDS = {0x10, 0x11, 0x12, 0x13, 0x18}
"""Those without which a name or a subkey counts for nothing."""
_HASHES: dict[int, hashes.HashAlgorithm] = {
    # SHA-1 too: whether a key may still carry it is for apt and rpm to say.
    2: hashes.SHA1(),
    8: hashes.SHA256(),
    9: hashes.SHA384(),
    10: hashes.SHA512(),
    11: hashes.SHA224(),
}
_CURVES: dict[bytes, type[ec.EllipticCurve]] = {
    bytes.fromhex("2a8648ce3d030107"): ec.SECP256R1,
    bytes.fromhex("2b81040022"): ec.SECP384R1,
    bytes.fromhex("2b81040023"): ec.SECP521R1,
}
_ED25519 = bytes.fromhex("2b06010401da470f01")
"""Object identifiers of curves, as a key has them (RFC 6637, 11; RFC 9580, 9.2)."""


def vouched(certificate: list[Packet]) -> Iterator[Packet]:
    """The packets that count, in their order: the primary key and what it has signed.

    Args:
        certificate: The primary key's packet, and what follows it up to the next one.
    """
    primary = certificate[0][1]
    try:
        key = _public(primary)
    except (ValueError, IndexError, UnsupportedAlgorithm):
        key = None
    yield certificate[0]
    for about, signatures in _groups(certificate[1:]):
        kinds = _OF_PRIMARY if about is None else _OF_SUBKEY if about[0] == SUBKEY else _OF_NAME
        good = [
            body
            for body in signatures
            if len(body) > 2 and body[1] in kinds and _signed(key, primary, about, body)
        ]
        if about is None or any(body[1] in _BINDS for body in good):
            if about is not None:
                yield about
            yield from ((SIGNATURE, body) for body in good)


def _groups(packets: list[Packet]) -> Iterator[tuple[Packet | None, list[bytes]]]:
    """Each name or subkey with the signatures behind it; first those of the primary key itself."""
    about: Packet | None = None
    signatures: list[bytes] = []
    for packet in packets:
        if packet[0] == SIGNATURE:
            signatures.append(packet[1])
        elif packet[0] in (USER_ID, SUBKEY, ATTRIBUTE):
            yield about, signatures
            about, signatures = packet, []
    yield about, signatures


def _signed(key: _Public | None, primary: bytes, about: Packet | None, body: bytes) -> bool:
    """Whether a version 4 signature is the primary key's, over itself and what it is about."""
    try:
        algorithm = _HASHES[body[3]]
        hashed = 6 + int.from_bytes(body[4:6], "big")
        rest = hashed + 2 + int.from_bytes(body[hashed : hashed + 2], "big") + 2
        text = hashlib.new(algorithm.name, _framed(b"\x99", 2, primary))
        if about is not None:
            tag, content = about
            mark = {SUBKEY: b"\x99", USER_ID: b"\xb4", ATTRIBUTE: b"\xd1"}[tag]
            text.update(_framed(mark, 2 if tag == SUBKEY else 4, content))
        text.update(body[:hashed] + b"\x04\xff" + hashed.to_bytes(4, "big"))
        if body[0] != 4 or key is None:
            return False
        _verified(key, list(_numbers(body[rest:])), text.digest(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError, LookupError, OverflowError):
        return False
    return True


def _framed(mark: bytes, width: int, content: bytes) -> bytes:
    return mark + len(content).to_bytes(width, "big") + content


def _verified(
    key: _Public, numbers: list[bytes], digest: bytes, algorithm: hashes.HashAlgorithm
) -> None:
    """Raises `InvalidSignature`, or `IndexError` where a number is missing."""
    ready = Prehashed(algorithm)
    if isinstance(key, rsa.RSAPublicKey):
        signature = numbers[0].rjust(key.key_size + 7 >> 3, b"\0")
        key.verify(signature, digest, padding.PKCS1v15(), ready)
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(numbers[0].rjust(32, b"\0") + numbers[1].rjust(32, b"\0"), digest)
    else:
        first, second = (int.from_bytes(number, "big") for number in numbers[:2])
        signature = encode_dss_signature(first, second)
        if isinstance(key, dsa.DSAPublicKey):
            key.verify(signature, digest, ready)
        else:
            key.verify(signature, digest, ec.ECDSA(ready))


def _public(body: bytes) -> _Public | None:
    """The key of a version 4 packet; None: its algorithm signs nothing that is known here."""
    kind, rest = body[5], body[6:]
    if kind in (1, 3):
        modulus, exponent = _integers(rest, 2)
        return rsa.RSAPublicNumbers(exponent, modulus).public_key()
    if kind == 17:
        p, q, g, y = _integers(rest, 4)
        return dsa.DSAPublicNumbers(y, dsa.DSAParameterNumbers(p, q, g)).public_key()
    if kind in (19, 22):
        name, point = rest[1 : 1 + rest[0]], next(_numbers(rest[1 + rest[0] :]), b"")
        if kind == 22:
            known = name == _ED25519 and point[:1] == b"\x40"
            return ed25519.Ed25519PublicKey.from_public_bytes(point[1:]) if known else None
        curve = _CURVES.get(name)
        return ec.EllipticCurvePublicKey.from_encoded_point(curve(), point) if curve else None
    return None


def _integers(data: bytes, count: int) -> list[int]:
    found = [int.from_bytes(number, "big") for number in _numbers(data)][:count]
    if len(found) != count:
        raise ValueError("a number of the key is missing")
    return found


def _numbers(data: bytes) -> Iterator[bytes]:
    """Multiprecision integers: their length in bits, then their bytes (RFC 4880, 3.2)."""
    at = 0
    while at + 2 <= len(data):
        size = int.from_bytes(data[at : at + 2], "big") + 7 >> 3
        yield data[at + 2 : at + 2 + size]
        at += 2 + size

"""Which keys a file holds: OpenPGP certificates (RFC 4880, RFC 9580), read without any program.

A bare host has no gnupg, and a key must be known before anything trusts it. Of each certificate
only what its primary key vouches for is read on: see `facts.parse.openpgp_vouched`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from facts.parse.openpgp_vouched import Packet, vouched

MOST_BYTES = 1 << 20
"""Of a key file: NVIDIA's have 2 KiB."""
_BEGIN = re.compile(rb"-----BEGIN PGP PUBLIC KEY BLOCK-----[ \t]{0,80}\r?\n")
_END = b"-----END PGP PUBLIC KEY BLOCK-----"
_SECRET = {5: "secret key", 7: "secret subkey"}
_PRIMARY, _SUBKEY, _MARKER, _SIGNATURE = 6, 14, 10, 2
_CERTIFIES = {0x10, 0x11, 0x12, 0x13, 0x1F}
"""Kinds of signature that say something of the primary key (RFC 4880, 5.2.1)."""
_MADE, _LIFE = 2, 9
"""Subpackets: when it was made, how many seconds the key lives (RFC 4880, 5.2.3.1)."""
_KNOWN = {_PRIMARY, _SUBKEY, _MARKER, _SIGNATURE, 12, 13, 17}
"""Packets of a certificate: keys, signatures, trust, user ids and attributes (RFC 4880, 4.3)."""


class OpenPgpError(ValueError):
    """The bytes are no public keys that we can name; the message says what they are instead."""


@dataclass(frozen=True)
class Keys:
    """What a key file holds."""

    fingerprints: tuple[str, ...]
    """Of every primary key, in order: 40 upper-case hexadecimal digits."""
    binary: bytes
    """The same certificates without armour, packet by packet: a keyring that apt and rpm read.

    Only what their own primary keys have signed is in it.
    """
    ends: tuple[int | None, ...] = ()
    """When each primary key ends, in seconds since 1970; None: never."""


def read(data: bytes) -> Keys:
    """The primary keys of a file, binary or ASCII-armoured.

    Raises:
        OpenPgpError: It holds no key, a secret key, a key that is not of version 4, or anything
            that is no part of a certificate, or is longer than `MOST_BYTES`.
    """
    if len(data) > MOST_BYTES:
        raise OpenPgpError(f"it is longer than {MOST_BYTES >> 10} KiB, which no key is")
    packets = [p for block in _blocks(data) for p in _packets(block)]
    found: list[str] = []
    for tag, body in packets:
        if tag in _SECRET:
            raise OpenPgpError(f"it holds a {_SECRET[tag]}")
        if not found and tag not in (_PRIMARY, _MARKER):
            raise OpenPgpError("it does not begin with a public key")
        if tag not in _KNOWN:
            raise OpenPgpError(f"it holds a packet of type {tag}, which is no part of a public key")
        if tag in (_PRIMARY, _SUBKEY) and body[:1] != b"\x04":
            version = str(body[0]) if body else "none"
            raise OpenPgpError(f"it holds a key of version {version}; only version 4 is read")
        if tag == _PRIMARY:
            found.append(fingerprint(body))
    if not found:
        raise OpenPgpError("it holds no key")
    kept = [packet for one in _certificates(packets) for packet in vouched(one)]
    return Keys(
        tuple(found), b"".join(_packed(tag, body) for tag, body in kept), tuple(_ends(kept))
    )


def _certificates(packets: list[Packet]) -> Iterator[list[Packet]]:
    """The packets of each primary key: itself, and what follows it."""
    own: list[Packet] = []
    for packet in packets:
        if packet[0] == _PRIMARY and own:
            yield own
            own = []
        if packet[0] != _MARKER:
            own.append(packet)
    yield own


def fingerprint(body: bytes) -> str:
    """Fingerprint of a version 4 key packet's body (RFC 4880, 12.2)."""
    return hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body).hexdigest().upper()


def _ends(packets: list[Packet]) -> Iterator[int | None]:
    """When each primary key ends: what its own newest signature says of it."""
    for (_, key), *rest in _certificates(packets):
        newest, life = -1, 0
        for tag, body in rest:
            if tag == _SUBKEY:
                break
            if tag != _SIGNATURE or not _CERTIFIES & set(body[1:2]):
                continue
            said = _subpackets(body)
            made = int.from_bytes(said.get(_MADE, b""), "big")
            if made >= newest:
                newest, life = made, int.from_bytes(said.get(_LIFE, b""), "big")
        yield int.from_bytes(key[1:5], "big") + life if life else None


def _subpackets(body: bytes) -> dict[int, bytes]:
    """What a version 4 signature says; what it vouches for goes before what it merely adds."""
    found: dict[int, bytes] = {}
    at = 4
    for _ in range(2):
        stop = at + 2 + int.from_bytes(body[at : at + 2], "big")
        at += 2
        while at < min(stop, len(body)):
            size, at = _subpacket_length(body, at)
            found.setdefault(body[at] & 0x7F if at < len(body) else 0, body[at + 1 : at + size])
            at += max(size, 1)
        at = stop
    return found


def _subpacket_length(data: bytes, at: int) -> tuple[int, int]:
    """As that of a packet, but two octets reach further (RFC 4880, 5.2.3.1)."""
    first = data[at]
    if 192 <= first < 255:
        return ((first - 192) << 8) + (data[at + 1] if at + 1 < len(data) else 0) + 192, at + 2
    return _new_length(data, at)


def _blocks(data: bytes) -> list[bytes]:
    if data[:1] and data[0] & 0x80:
        return [data]
    blocks, at = [], 0
    while begin := _BEGIN.search(data, at):
        end = data.find(_END, begin.end())
        if end < 0:
            break
        blocks.append(_dearmoured(data[begin.end() : end]))
        at = end
    if not blocks:
        start = " ".join(data[:60].decode("ascii", "replace").split())
        raise OpenPgpError(f"it is no OpenPGP key; it begins with {start!r}")
    return blocks


def _dearmoured(text: bytes) -> bytes:
    """The bytes of one armoured block; its checksum is compared where there is one."""
    plain = b"\n".join(line.rstrip(b" \t\r") for line in text.split(b"\n"))
    head, blank, rest = plain.partition(b"\n\n")
    if not blank:
        head, rest = b"", head.lstrip(b"\n")
    lines = [line.strip() for line in rest.splitlines() if line.strip()]
    checksum = lines.pop()[1:] if lines and lines[-1].startswith(b"=") else None
    try:
        data = base64.b64decode(text := b"".join(lines), validate=True)
        if base64.b64encode(data) != text:  # Python 3.10 reads over what follows the padding
            raise OpenPgpError("its armour is damaged: something follows its end")
        if checksum is not None and base64.b64decode(checksum, validate=True) != _crc24(data):
            raise OpenPgpError("its checksum is wrong: the file was damaged on its way")
    except binascii.Error as error:
        raise OpenPgpError(f"its armour is damaged: {error}") from error
    return data


def _crc24(data: bytes) -> bytes:
    crc = 0xB704CE
    for byte in data:
        crc = (crc << 8 & 0xFFFFFF) ^ _CRC[crc >> 16 ^ byte]
    return crc.to_bytes(3, "big")


def _crc_of(byte: int) -> int:
    crc = byte << 16
    for _ in range(8):
        crc = crc << 1 ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc & 0xFFFFFF


_CRC = [_crc_of(byte) for byte in range(256)]


def _packets(data: bytes) -> Iterator[Packet]:
    """Tag and body of each packet (RFC 4880, 4.2)."""
    at = 0
    while at < len(data):
        head = data[at]
        if not head & 0x80:
            raise OpenPgpError(f"byte {at} begins no packet")
        if head & 0x40:
            tag, (size, start) = head & 0x3F, _new_length(data, at + 1)
        else:
            tag, width = head >> 2 & 0x0F, 1 << (head & 0x03)
            if width == 8:
                raise OpenPgpError("it holds a packet without a length")
            size, start = int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
        if start + size > len(data):
            raise OpenPgpError("it is cut off")
        yield tag, data[start : start + size]
        at = start + size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    """Length and where the body begins."""
    first = data[at] if at < len(data) else 255
    if first < 192:
        return first, at + 1
    if first < 224:
        second = data[at + 1] if at + 1 < len(data) else 0
        return ((first - 192) << 8) + second + 192, at + 2
    if first == 255:
        return int.from_bytes(data[at + 1 : at + 5], "big"), at + 5
    raise OpenPgpError("it holds a packet in parts, which keys never are")


def _packed(tag: int, body: bytes) -> bytes:
    """The packet with the plainest header there is: old readers know it."""
    if tag < 16:
        return bytes([0x80 | tag << 2 | 2]) + len(body).to_bytes(4, "big") + body
    return bytes([0xC0 | tag, 255]) + len(body).to_bytes(4, "big") + body

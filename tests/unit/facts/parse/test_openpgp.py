"""Which keys a file holds: told as gpg tells it, or refused in plain words.

The golden keys were made for these tests by gpg 2.2, which gave the fingerprints below; their
secret halves were thrown away.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from facts.parse import openpgp

GOLDEN = Path(__file__).parents[1] / "golden" / "keys"
WITH_SUBKEY = "8680028958071000BD4F1774E521412E2DDCD1E7"
PLAIN = "842E1221BBACBD825E028AA2BBF7CED4BA735993"
PLAIN_ENDS, ENDED, PROLONGED = 1893499200, 1609416000, 2364120000
"""When gpg says that those keys end."""


def armoured(name: str) -> bytes:
    return (GOLDEN / f"{name}.asc").read_bytes()


def binary(name: str) -> bytes:
    return openpgp.read(armoured(name)).binary


def test_armoured_key_is_named_by_its_primary_key_and_not_by_its_subkey() -> None:
    assert openpgp.read(armoured("with-subkey")).fingerprints == (WITH_SUBKEY,)


def test_every_primary_key_of_a_file_is_named() -> None:
    """The second key of a file is trusted as much as the first."""
    both = (WITH_SUBKEY, PLAIN)
    assert openpgp.read(binary("with-subkey") + binary("plain")).fingerprints == both
    assert openpgp.read(armoured("with-subkey") + armoured("plain")).fingerprints == both


def test_line_ends_of_another_system_change_nothing() -> None:
    assert openpgp.read(armoured("plain").replace(b"\n", b"\r\n")).fingerprints == (PLAIN,)


def test_keyring_that_is_written_holds_what_was_read(tmp_path: Path) -> None:
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    (tmp_path / "keyring").write_bytes(binary("with-subkey") + binary("plain"))
    told = subprocess.run(
        ["gpg", "--homedir", tmp_path, "--show-keys", "--with-colons", tmp_path / "keyring"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split(":") for line in told.splitlines()]
    primaries = [rows[i + 1][9] for i, row in enumerate(rows) if row[0] == "pub"]
    assert primaries == [WITH_SUBKEY, PLAIN]
    assert sum(row[0] == "sub" for row in rows) == 1


def other_version(version: int) -> bytes:
    """The plain key, said to be of another version."""
    key = bytearray(binary("plain"))
    key[5] = version  # after the five bytes of the first packet's header
    return bytes(key)


@pytest.mark.parametrize("version", [3, 5, 6])
def test_key_of_another_version_is_refused_by_its_number(version: int) -> None:
    with pytest.raises(openpgp.OpenPgpError, match=f"version {version}; only version 4"):
        openpgp.read(other_version(version))


def test_secret_key_is_refused() -> None:
    secret = bytes([0x80 | 5 << 2 | 2]) + binary("plain")[1:]
    with pytest.raises(openpgp.OpenPgpError, match="a secret key"):
        openpgp.read(secret)
    with pytest.raises(openpgp.OpenPgpError, match="a secret key"):
        openpgp.read(binary("plain") + secret)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no OpenPGP key"),
        (b"<html><body>Please log in</body></html>", "begins with '<html><body>Please"),
        (armoured("plain")[:-60], "no OpenPGP key"),
        (armoured("plain").replace(b"=", b"==", 1), "damaged"),
        (binary("plain")[:-9], "cut off"),
        (binary("plain") + b"\x00", "begins no packet"),
        (binary("plain") + b"\xcb\x01x", "type 11"),
        (b"\xc6\xe1" + b"x" * 9, "in parts"),
    ],
)
def test_what_is_no_key_is_said_to_be_none(data: bytes, words: str) -> None:
    with pytest.raises(openpgp.OpenPgpError, match=words):
        openpgp.read(data)


def test_key_that_was_damaged_on_its_way_is_refused() -> None:
    text = armoured("plain")
    at = text.index(b"\n\n") + 40
    damaged = text[:at] + (b"A" if text[at : at + 1] != b"A" else b"B") + text[at + 1 :]
    with pytest.raises(openpgp.OpenPgpError, match="checksum"):
        openpgp.read(damaged)


def test_key_s_end_is_what_its_own_signature_says() -> None:
    assert openpgp.read(armoured("plain")).ends == (PLAIN_ENDS,)
    assert openpgp.read(armoured("ended")).ends == (ENDED,)
    assert openpgp.read(armoured("plain") + armoured("ended")).ends == (PLAIN_ENDS, ENDED)


def test_prolonged_key_keeps_its_fingerprint_and_ends_later() -> None:
    ended, prolonged = openpgp.read(armoured("ended")), openpgp.read(armoured("prolonged"))
    assert ended.fingerprints == prolonged.fingerprints
    assert prolonged.ends == (PROLONGED,)


def packets(data: bytes) -> list[bytes]:
    """The packets of a keyring of ours: one octet of kind, four of length."""
    found = []
    while data:
        size = 5 + int.from_bytes(data[1:5], "big")
        found.append(data[:size])
        data = data[size:]
    return found


def test_newest_signature_counts_wherever_it_stands() -> None:
    """A keyring may keep the signature from before the key was prolonged."""
    key, name, old = packets(binary("ended"))
    new = packets(binary("prolonged"))[-1]
    assert openpgp.read(key + name + old + new).ends == (PROLONGED,)
    assert openpgp.read(key + name + new + old).ends == (PROLONGED,)


def test_signature_of_another_key_says_nothing_of_this_one() -> None:
    key, name, _ = packets(binary("plain"))
    assert openpgp.read(key + name + packets(binary("ended"))[-1]).ends == (None,)

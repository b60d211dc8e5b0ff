"""What somebody appended to a key that is trusted is dropped; what the key itself signed stays."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from facts.parse import openpgp
from tests.unit.facts.parse.test_openpgp import PLAIN, binary, packets

needs_gpg = pytest.mark.skipif(not shutil.which("gpg"), reason="gpg is not installed")


def test_subkey_of_somebody_else_is_dropped() -> None:
    """Its signatures would count, for apt, as those of the pinned key."""
    *_, subkey, binding = packets(binary("with-subkey"))
    for forged in (subkey + binding, subkey):
        keys = openpgp.read(binary("plain") + forged)
        assert (keys.fingerprints, keys.binary) == ((PLAIN,), binary("plain"))


def test_own_subkey_stays() -> None:
    assert len(packets(openpgp.read(binary("with-subkey")).binary)) == 5


def test_own_subkey_whose_binding_was_changed_is_dropped() -> None:
    *rest, subkey, binding = packets(binary("with-subkey"))
    changed = binding[:-1] + bytes([binding[-1] ^ 1])
    other = subkey[:-1] + bytes([subkey[-1] ^ 1])
    for end in (subkey + changed, other + binding):
        assert openpgp.read(b"".join(rest) + end).binary == b"".join(rest)


def test_name_that_somebody_else_signed_is_dropped() -> None:
    _, name, signature = packets(binary("ended"))
    assert openpgp.read(binary("plain") + name + signature).binary == binary("plain")


def test_signature_that_is_not_the_keys_own_cannot_prolong_it() -> None:
    key, name, old = packets(binary("ended"))
    new = bytearray(packets(binary("prolonged"))[-1])
    new[-1] ^= 1
    assert openpgp.read(key + name + old + bytes(new)).ends == openpgp.read(binary("ended")).ends


def test_second_primary_key_is_still_told() -> None:
    """Whether it may be there, `tasks.repositories.trust` says."""
    both = openpgp.read(binary("plain") + binary("with-subkey"))
    assert len(both.fingerprints) == 2


def gpg(home: Path, *words: str, read: bytes = b"") -> bytes:
    quiet = ("--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
    done = subprocess.run(
        ["gpg", "--homedir", str(home), *quiet, *words], input=read, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@needs_gpg
@pytest.mark.parametrize("kind", ["rsa2048", "ed25519", "nistp256"])
def test_keyring_forged_with_gpg(tmp_path: Path, kind: str) -> None:
    """A maker's key with a signing subkey, to which another one's key and subkey were appended."""
    exported = []
    for name, key in (("maker", kind), ("stranger", "ed25519")):
        home = tmp_path / name
        home.mkdir(mode=0o700)
        gpg(home, "--quick-generate-key", f"{name}@example.org", key, "sign", "never")
        listed = gpg(home, "--list-keys", "--with-colons").decode()
        own = next(line.split(":")[9] for line in listed.splitlines() if line[:4] == "fpr:")
        gpg(home, "--quick-add-key", own, "ed25519", "sign", "never")
        exported.append(openpgp.read(gpg(home, "--export")).binary)
        subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    maker, stranger = exported
    assert len(packets(maker)) == len(packets(stranger)) == 5
    forged = maker + b"".join(packets(stranger)[1:])
    keys = openpgp.read(forged)
    assert keys.binary == maker and len(keys.fingerprints) == 1
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    shown = gpg(target, "--show-keys", "--with-colons", read=keys.binary).decode()
    assert [line[:3] for line in shown.splitlines() if line[:3] in ("pub", "sub")] == ["pub", "sub"]

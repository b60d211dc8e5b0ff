"""A key that is made, used and gone: gpgv takes what it signed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

import pytest

from facts.parse import openpgp
from tasks.bundle import signing
from tasks.offline.manifest import BundleError


def test_gpgv_takes_each_text_by_the_named_key_and_none_that_was_changed(tmp_path: Path) -> None:
    fingerprint, public, (one, two) = signing.signed(["Origin: a\n", "Origin: ü\n"])
    keys = openpgp.read(public.encode())
    assert keys.fingerprints == (fingerprint,)
    (tmp_path / "key.gpg").write_bytes(keys.binary)
    for text, good in ((one, True), (two, True), (one.replace("Origin", "0rigin"), False)):
        (tmp_path / "text").write_text(text)
        done = subprocess.run(
            ["gpgv", "--keyring", str(tmp_path / "key.gpg"), str(tmp_path / "text")],
            capture_output=True,
        )
        assert (done.returncode == 0) is good, done.stderr


def test_two_runs_have_two_keys_and_leave_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    homes: list[str] = []

    class Noted(tempfile.TemporaryDirectory[str]):
        def __enter__(self) -> str:
            homes.append(self.name)
            return self.name

    monkeypatch.setattr(tempfile, "TemporaryDirectory", Noted)
    assert signing.signed(["a\n"])[0] != signing.signed(["a\n"])[0]
    assert len(homes) == 2 and not any(Path(home).exists() for home in homes)


def test_machine_without_gpg_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "PATH", "/nowhere")
    with pytest.raises(BundleError, match="gnupg"):
        signing.signed(["a\n"])

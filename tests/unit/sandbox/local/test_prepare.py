"""What this machine lacks for the sandbox."""

import os
from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.local import prepare


def test_suite_that_no_keyring_knows_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(prepare, "run", lambda *argv: asked.append(argv))
    with pytest.raises(SandboxError, match="no key of Debian trixie"):
        prepare.keyring_for("trixie", tmp_path)
    assert asked[-1][-1] == "debian-archive-keyring"


def test_known_suite_needs_no_new_keyring(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "debian-archive-trixie-stable.gpg").touch()
    monkeypatch.setattr(prepare, "run", lambda *argv: pytest.fail("nothing to run"))
    prepare.keyring_for("trixie", tmp_path)


def test_missing_commands_are_named_as_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(prepare, "_NEEDS", {"no-such-command": "its-package"})
    with pytest.raises(SandboxError, match=r"needs its-package\..*sandbox prepare"):
        prepare.check()

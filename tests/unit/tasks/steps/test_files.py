"""Small files of ours: whole or not at all, whatever is in them."""

from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.steps import files
from tests.unit.tasks import a_host


def sh(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script with sh; its exit status counts."""
    return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", ["", "plain\n", "quotes ' \" $HOME `id` \\n %s\n", "Ü no end"])
def test_file_holds_the_text_to_the_last_character(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a folder" / "file"
    assert sh(files.write_script(str(path), text, "600")).returncode == 0
    assert path.read_text() == text
    assert path.stat().st_mode & 0o777 == 0o600


def test_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    Path(f"{path}.new").mkdir()
    assert sh(files.write_script(str(path), "new")).returncode != 0
    assert path.read_text() == "old"


def test_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, path = tmp_path / "target", tmp_path / "file"
    target.write_text("of somebody else")
    path.symlink_to(target)
    sh(files.write_script(str(path), "ours"))
    assert (path.read_text(), target.read_text()) == ("ours", "of somebody else")


def test_file_differs_by_its_digest() -> None:
    digest = hashlib.sha256(b"text").hexdigest()
    state = replace(a_host.bare(), managed_files={"/etc/ours": digest})
    assert not files.differs(state, "/etc/ours", "text")
    assert files.differs(state, "/etc/ours", "another text")
    assert files.differs(state, "/etc/missing", "text")

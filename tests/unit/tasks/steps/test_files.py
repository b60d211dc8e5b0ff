"""Small files of ours: whole or not at all, whatever is in them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.steps import files
from tests.plain_shell import assert_plain
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


def test_rights_are_roots_alone_until_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    looking = f"sync() {{ stat -c %a {path}.new; }}; chmod() {{ :; }}; umask 0; "
    assert sh(looking + files.write_script(str(path), "text")).stdout == "600\n"


def test_folders_on_the_way_can_be_entered_whatever_the_login_allows(tmp_path: Path) -> None:
    path = tmp_path / "a/b/file"
    assert sh("umask 077; " + files.write_script(str(path), "text")).returncode == 0
    modes = {one.stat().st_mode & 0o777 for one in (tmp_path / "a", tmp_path / "a/b")}
    assert modes == {0o755} and path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("fault", ["limit", "cut", "other"])
def test_file_that_does_not_come_whole_leaves_the_old_one_and_no_rest(
    fault: str, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    script = files.write_script(str(path), "y" * 30_000)
    if fault == "limit":
        script = f"trap '' XFSZ; ulimit -f 4; {script}"
    elif fault == "cut":  # as where a write ends early and says nothing of it
        script = script.replace("base64 -d >", "base64 -d | head -c 10 >")
    else:
        script = script.replace("base64 -d >", "base64 -d | tr y z >")
    done = sh(script)
    assert done.returncode == 1
    assert f"{path} could not be written whole" in done.stdout
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def put(script: str, said: str) -> subprocess.CompletedProcess[str]:
    """Run a script that reads."""
    return subprocess.run(
        ["sh", "-c", script], input=said, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("text", ["", "HTTP_PROXY=http://me:pw@p\n", "two\nlines", "Ü"])
def test_secret_is_read_and_stands_in_no_command(text: str, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    script = files.put_script(str(path))
    assert put(script, files.packed(text)).returncode == 0
    assert (path.read_text(), path.stat().st_mode & 0o777) == (text, 0o600)
    assert files.digest(text) not in script


@pytest.mark.parametrize("kept", [0, 10, 65, 70, -1])
def test_secret_that_is_cut_on_its_way_leaves_the_old_one(kept: int, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("old")
    done = put(files.put_script(str(path)), files.packed("HTTP_PROXY=http://me:pw@p\n")[:kept])
    assert done.returncode == 1 and "connection cut" in done.stdout
    assert path.read_text() == "old"


def made(tmp_path: Path, kind: str) -> Path:
    """A folder that somebody else could lead us by, in one of several ways."""
    folder = tmp_path / "way/to/it"
    folder.mkdir(parents=True)
    if kind == "owner of the folder":
        os.chown(folder, 65534, 65534)
    elif kind == "owner on the way":
        os.chown(tmp_path / "way", 65534, 65534)
    elif kind == "writable":
        folder.chmod(0o757)
    elif kind == "writable by a group":
        os.chown(folder, 0, 65534)
        folder.chmod(0o775)
    elif kind == "sticky":
        folder.chmod(0o1777)
    elif kind == "no folder":
        folder.rmdir()
        folder.write_text("")
    elif kind == "link of somebody":
        folder.rmdir()
        folder.symlink_to("/etc")
        os.chown(folder, 65534, 65534, follow_symlinks=False)
    elif kind == "link to somebody's":
        (tmp_path / "theirs").mkdir()
        os.chown(tmp_path / "theirs", 65534, 65534)
        folder.rmdir()
        folder.symlink_to(tmp_path / "theirs")
    elif kind == "link by way of somebody's link":
        (tmp_path / "theirs").symlink_to(tmp_path / "way")
        os.chown(tmp_path / "theirs", 65534, 65534, follow_symlinks=False)
        folder.rmdir()
        folder.symlink_to("../../theirs")
    elif kind == "links in a circle":
        folder.rmdir()
        folder.symlink_to("it")
    return folder


@pytest.mark.skipif(os.getuid() != 0, reason="gives folders to another user")
@pytest.mark.parametrize(
    "kind",
    [
        "owner of the folder",
        "owner on the way",
        "writable",
        "writable by a group",
        "sticky",
        "no folder",
        "link of somebody",
        "link to somebody's",
        "link by way of somebody's link",
        "links in a circle",
    ],
)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_nothing_is_written_where_somebody_else_could_swap_it(
    shell: str, kind: str, tmp_path: Path
) -> None:
    folder = made(tmp_path, kind)
    name = "file" if kind == "sticky" else "deeper/file"
    done = subprocess.run(
        [shell, "-c", files.write_script(f"{folder}/{name}", "text")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout, done
    if kind in ("writable", "writable by a group", "sticky"):
        assert "others than root may write to" in done.stdout
    assert not list(tmp_path.rglob("*file*"))


@pytest.mark.skipif(os.getuid() != 0, reason="links that root made are root's to follow")
def test_link_that_root_made_is_a_way(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir()
    (tmp_path / "opt").symlink_to("big disk")
    assert sh(files.write_script(f"{tmp_path}/opt/ours/file", "text")).returncode == 0
    assert (tmp_path / "big disk/ours/file").read_text() == "text"


def test_scripts_in_one_write_as_each_of_them_does(tmp_path: Path) -> None:
    scripts = [files.write_script(f"{tmp_path}/{n}", f"text {n}") for n in range(30)]
    whole = files.joined(scripts)
    assert len(whole) < 20_000 < len(" && ".join(scripts))
    assert sh(whole).returncode == 0
    assert {one.read_text() for one in tmp_path.iterdir()} == {f"text {n}" for n in range(30)}


def test_what_is_sent_is_sound_shell() -> None:
    assert_plain(files.write_script("/etc/a b", "text"))
    assert_plain(files.put_script("/etc/a b"))

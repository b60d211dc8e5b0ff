"""Files of a user: whatever lies under the name, root gives nothing away and does not wait."""

from __future__ import annotations

import base64
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from facts.script import text as shell
from tasks.steps import theirs
from tasks.steps.files import packed
from tests.plain_shell import assert_plain

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="acts as another user")

NOBODY = theirs.Owner(65534, 65534)
SECRET = "root's secret\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a user, beside a secret of root's."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_mode & 0o1 == 0:
            folder.chmod(folder.stat().st_mode | 0o1)
    place = tmp_path / "home"
    place.mkdir()
    os.chown(place, 65534, 65534)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    return place


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [one.name for one in folder.iterdir()]


def endless(file: Path) -> None:
    """A file that is big and costs nothing."""
    file.touch()
    os.truncate(file, 300 * 2**20)


def sh(script: str, said: str = "") -> subprocess.CompletedProcess[str]:
    """Run a script behind the functions; fails where it takes long."""
    began = time.monotonic()
    done = subprocess.run(
        ["sh", "-c", f"{shell('theirs')}\n{script}"],
        input=said, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert time.monotonic() - began < 15
    return done


def read(file: Path, owner: theirs.Owner = NOBODY, limit: int = 1000) -> str:
    """What is told of a file."""
    return sh(f"their {owner.uid} {owner.gid} '{file}' {limit}").stdout.strip()


def theirs_to_give(file: Path, make: Callable[[Path], object]) -> Path:
    """Something that the user put there."""
    make(file)
    os.chown(file, 65534, 65534, follow_symlinks=False)
    return file


@pytest.mark.parametrize("text", ["", "{}", '{"features": {}}\n', "\x00\x01Ü\n\n"])
def test_file_of_the_user_is_read_to_the_last_byte(text: str, home: Path) -> None:
    file = theirs_to_give(home / "daemon.json", lambda f: f.write_text(text))
    told = read(file)
    assert told.startswith("whole") and base64.b64decode(told[5:].strip()).decode() == text


def test_link_to_a_file_of_the_users_own_is_followed_and_stays(home: Path) -> None:
    own = theirs_to_give(home / "dotfile", lambda f: f.write_text("own"))
    link = theirs_to_give(home / "daemon.json", lambda f: f.symlink_to("dotfile"))
    assert read(link).startswith("whole ")
    assert sh(theirs.written_script(NOBODY, str(link), "644"), packed("new")).returncode == 0
    assert link.is_symlink() and own.read_text() == "new"


HOSTILE: dict[str, tuple[Callable[[Path], object], str]] = {
    "link to root's secret": (lambda f: f.symlink_to(f.parents[1] / "secret"), "may not read it"),
    "FIFO": (os.mkfifo, "no regular file"),
    "link to an endless device": (lambda f: f.symlink_to("/dev/zero"), "no regular file"),
    "link to a terminal": (lambda f: f.symlink_to("/dev/tty"), "no regular file"),
    "folder": (Path.mkdir, "no regular file"),
    "link to nowhere": (lambda f: f.symlink_to("nowhere"), "leads nowhere"),
    "link in a circle": (lambda f: f.symlink_to(f), "leads nowhere"),
    "300 MB": (endless, "314572800 bytes"),
    "process memory": (lambda f: f.symlink_to("/proc/1/environ"), "may not read it"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_file_of_the_user_gives_nothing_and_a_reason(kind: str, home: Path) -> None:
    make, why = HOSTILE[kind]
    told = read(theirs_to_give(home / "daemon.json", make), limit=theirs.LIMIT)
    assert told.startswith("why ") and why in told


def test_closed_folder_of_another_is_as_nothing(home: Path) -> None:
    (home / "closed").mkdir(mode=0o700)
    (home / "closed/daemon.json").write_text(SECRET)
    assert read(home / "closed/daemon.json") == "absent"


def test_user_who_never_answers_is_not_waited_for_and_one_who_floods_is_cut(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = theirs_to_give(home / "daemon.json", lambda f: f.write_text("{}"))
    slow = shell("theirs").replace("look() {", "sleep 60; look() {")
    flood = shell("theirs").replace("look() {", "yes 'whole AAAA'; look() {")
    for functions, why in ((slow, "no answer"), (flood, "")):
        done = subprocess.run(
            ["sh", "-c", f"{functions}\ntheir 65534 65534 '{file}' 1000"],
            capture_output=True, text=True, check=False, timeout=20,
        )  # fmt: skip
        assert why in done.stdout and len(done.stdout) < 3000


def test_file_is_written_as_the_user_with_folders_of_their_own(home: Path) -> None:
    file = home / ".config/docker/daemon.json"
    assert sh(theirs.written_script(NOBODY, str(file), "644"), packed("text")).returncode == 0
    assert file.read_text() == "text"
    seen = [file.stat(), file.parent.stat()]
    assert [one.st_uid for one in seen] == [65534, 65534]
    assert [one.st_mode & 0o777 for one in seen] == [0o644, 0o700]
    assert names(file.parent) == ["daemon.json"]


@pytest.mark.parametrize("where", ["daemon.json", "docker/daemon.json"])
def test_link_makes_root_write_nowhere_that_the_user_may_not(where: str, home: Path) -> None:
    place = home.parent / "roots"
    place.mkdir()
    (place / "daemon.json").write_text(SECRET)
    link = home / where.partition("/")[0]
    theirs_to_give(link, lambda f: f.symlink_to(place / where.rpartition("/")[2] if link.suffix
                                                else place))  # fmt: skip
    done = sh(theirs.written_script(NOBODY, str(home / where), "644"), packed("text"))
    assert done.returncode == 1
    assert (place / "daemon.json").read_text() == SECRET and len(names(place)) == 1


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, lambda f: f.symlink_to("/dev/null")])
def test_nothing_is_written_over_what_is_no_file(make: Callable[[Path], None], home: Path) -> None:
    file = theirs_to_give(home / "daemon.json", make)
    done = sh(theirs.written_script(NOBODY, str(file), "644"), packed("text"))
    assert done.returncode == 1 and "no regular file" in done.stdout
    assert names(home) == ["daemon.json"]


def test_full_disk_leaves_the_old_text(home: Path) -> None:
    file = theirs_to_give(home / "daemon.json", lambda f: f.write_text("old"))
    limited = f"trap '' XFSZ; ulimit -f 4; {theirs.written_script(NOBODY, str(file), '644')}"
    done = sh(limited, packed("y" * 30_000))
    assert done.returncode == 1 and "could not be written whole" in done.stdout
    assert file.read_text() == "old" and names(home) == ["daemon.json"]


def test_folder_is_made_as_the_user_and_not_where_a_link_leads(home: Path) -> None:
    assert sh(theirs.folder_script(NOBODY, f"{home}/code/new")).returncode == 0
    assert (home / "code/new").stat().st_uid == 65534
    closed = home.parent / "closed"
    closed.mkdir(mode=0o755)
    theirs_to_give(home / "link", lambda f: f.symlink_to(closed))
    assert sh(theirs.folder_script(NOBODY, f"{home}/link/new")).returncode != 0
    assert names(closed) == []


def test_what_runs_as_the_user_has_no_right_of_roots(home: Path) -> None:
    looks = "id -u; id -G; grep -E '^(CapEff|CapPrm|CapInh|NoNewPrivs)' /proc/self/status"
    said = sh(theirs.as_owner(NOBODY, ["sh", "-c", looks])).stdout.split()
    assert said[:2] == ["65534", "65534"]
    assert {said[i + 1] for i, word in enumerate(said) if word.startswith("Cap")} == {"0" * 16}
    assert said[-1] == "1"


def test_what_is_sent_is_sound_shell() -> None:
    assert_plain(theirs._WRITE)

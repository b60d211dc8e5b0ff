"""The script itself, run on this machine by the shells that hosts have."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.host import HostProbe, probe_command, probe_script
from facts.parse import parse_host
from facts.script import text

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]


def run(*argv: str, **environment: str) -> list[str]:
    done = subprocess.run(
        argv,
        capture_output=True,
        check=True,
        encoding="ascii",
        env={**os.environ, **environment},
        timeout=60,
    )
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The script in a file."""
    file = tmp_path_factory.mktemp("probe") / "probe.sh"
    file.write_text(probe_script())
    return file


def test_golden_outputs_are_of_this_script() -> None:
    # A change of the script that changes its output needs golden outputs recreated, then this sum.
    told = "0be57191615bb1856f6c79ff7c0316f4cc9a09d9caeb0caaefea82be2ee7d772"
    assert hashlib.sha256(probe_script().encode()).hexdigest() == told


def test_every_part_of_the_script_is_sent() -> None:
    parts = sorted(Path("facts/probe").glob("*.sh"))
    assert [part.name for part in parts if part.read_text() not in probe_script()] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_script_describes_this_machine_under_every_shell(shell: str, script: Path) -> None:
    argv = [shell, "sh", str(script)] if shell == "busybox" else [shell, str(script)]
    host = parse_host(run(*argv))
    assert host.system.hostname == os.uname().nodename
    assert host.kernels.running == os.uname().release
    assert host.login.uid == os.getuid()
    assert host.mounts["/"].size_mb > 0


def test_script_is_the_same_in_another_language(script: Path) -> None:
    here = parse_host(run("sh", str(script)))
    there = parse_host(run("sh", str(script), LANG="de_DE.UTF-8", LC_ALL="de_DE.UTF-8"))
    assert (there.system, there.pythons) == (here.system, here.pythons)


def test_command_of_the_fact_answers_like_the_script() -> None:
    host = HostProbe().process(run("sh", "-c", probe_command()))
    assert host.login.uid == os.getuid()
    assert host.system.boot_id


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_login_without_sudo_still_gets_an_answer(tmp_path: Path) -> None:
    (tmp_path / "sudo").write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    (tmp_path / "sudo").chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    path = f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin"
    setpriv = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    host = parse_host(run(*setpriv, "sh", "-c", probe_command(), PATH=path))
    assert host.login.root is False
    assert host.login.sudo_error == "sudo: a password is required"
    assert host.login.uid == 65534
    assert host.system.os


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_login_with_sudo_rises_to_root_and_keeps_its_name(tmp_path: Path) -> None:
    (tmp_path / "sudo").write_text('#!/bin/sh\n[ "$1" = -n ] && shift\nexec env FAKE=1 "$@"\n')
    (tmp_path / "id").write_text(
        '#!/bin/sh\n[ -n "$FAKE" ] && exec /usr/bin/id "$@"\n'
        "case $1 in -un) echo ann ;; -u) echo 1002 ;; esac\n"
    )
    for tool in ("sudo", "id"):
        (tmp_path / tool).chmod(0o755)
    host = parse_host(run("sh", "-c", probe_command(), PATH=f"{tmp_path}:{os.environ['PATH']}"))
    assert (host.login.user, host.login.uid, host.login.root) == ("ann", 1002, True)
    assert host.login.sudo_error is None


def test_answer_that_is_cut_off_fails_this_host_only(script: Path) -> None:
    with pytest.raises(FactProcessError, match="cut off"):
        HostProbe().process(run("sh", str(script))[:-1])


def test_password_in_an_address_does_not_leave_the_host(script: Path) -> None:
    index = "https://joe:secret@pip.example/simple"
    lines = run("sh", str(script), PIP_INDEX_URL=index)
    assert not any("secret" in line for line in lines)
    assert "pip_index" in parse_host(lines).unread


@pytest.mark.parametrize("name", ["probe/head", "frame"])
def test_file_written_on_windows_comes_without_carriage_returns(name: str, tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_bytes(b"ID=debian\r\nVERSION_ID=12\r\nURL=http://ana:hunter2@m/\r")
    call = 'N=n; show "$1"' if name == "probe/head" else 'hidden "$1"'
    said = subprocess.run(
        ["sh", "-c", f"{text(name)}\n{call}", "sh", str(file)], capture_output=True, check=True
    ).stdout
    lines = [b"ID=debian", b"VERSION_ID=12", b"URL=http://HIDDEN@m/"]
    assert said.split(b"\n")[-4:] == [*lines, b""]


def hidden_by(folder: Path, *files: str) -> list[str]:
    """Which of these files the probe takes lines from; each blacklists nouveau."""
    script = text("probe/head", "probe/driver")
    for top in ("etc", "run", "usr/lib", "usr/local/lib", "lib"):
        (folder / top / "modprobe.d").mkdir(parents=True)
        script = script.replace(f" /{top}/modprobe.d", f" {folder}/{top}/modprobe.d")
    for name in files:
        path = folder / name.removesuffix("=null")
        if name.endswith("=null"):
            path.symlink_to("/dev/null")
        else:
            path.write_text("blacklist nouveau\n")
    lines = run("sh", "-c", f"{script}\nN=n; modprobe_d </dev/null || :")
    return [line.split(":")[0].removeprefix(f"{folder}/") for line in lines[1:]]


def test_of_modprobe_s_files_of_one_name_the_first_one_counts(tmp_path: Path) -> None:
    made = ["etc/modprobe.d/a.conf", "usr/lib/modprobe.d/a.conf", "lib/modprobe.d/b.conf"]
    assert hidden_by(tmp_path, *made) == [made[0], made[2]]


def test_file_that_somebody_has_masked_blacklists_nothing(tmp_path: Path) -> None:
    theirs = ["usr/lib/modprobe.d/off.conf", "usr/local/lib/modprobe.d/off.conf"]
    other = "run/modprobe.d/on.conf"
    assert hidden_by(tmp_path, "etc/modprobe.d/off.conf=null", *theirs, other) == [other]


def test_host_without_files_of_modprobe_has_no_line_of_them(tmp_path: Path) -> None:
    assert hidden_by(tmp_path) == []

"""What is ours and what is theirs, on a real host: hostile files of a user, and full disks.

A bare host. Small file systems lie over the folders that we write to, filled to the last byte; the
real systemd runs the jobs.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from facts.engine_model import Engines
from facts.engines import engines_command
from facts.parse.engines import engines
from facts.script import text as shell
from sandbox import hosts
from sandbox.hosts import HostSpec, SandboxHost
from tasks.guard import program
from tasks.steps import files, job, theirs
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.job_script import started

pytestmark = needs_hosts()

USER, HOME = "admin", "/home/admin"
SETTINGS = f"{HOME}/.config/docker/daemon.json"
METRICS = "/var/lib/prometheus/node-exporter"
UPLOAD = """\
from pathlib import Path

from tasks.steps import sending
from tasks.steps.step import Commands, step


@step
def sent() -> Commands:
    yield sending.upload(Path({source!r}), {target!r}, "755")


sent(name="File of ours")
"""


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    """A bare host."""
    made = hosts.up(HostSpec("theirs", gpus=()), fresh=True)
    yield made
    made.down()


def sh(host: SandboxHost, command: str, good: bool = True) -> str:
    """Run a command as root; fails the test where it ends otherwise than it should."""
    done = host.run(command)
    assert (done.returncode == 0) is good, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def full(host: SandboxHost, folder: str, user: str = "root") -> Iterator[None]:
    """The file system of this folder has no room; what was in it is there."""
    sh(
        host,
        f"mkdir -p {folder} /run/kept && cp -a {folder}/. /run/kept/ && "
        f"mount -t tmpfs -o size=512k,mode=755 gpuwright-test {folder} && "
        f"cp -a /run/kept/. {folder}/ && rm -rf /run/kept && chown {user}: {folder} && "
        f"{{ head -c 1M /dev/zero >{folder}/.rest 2>/dev/null; :; }}",
    )
    try:
        yield
    finally:
        sh(host, f"umount {folder}")


HOSTILE = {
    "link to root's secret": ("ln -s /etc/shadow {}", "may not read it"),
    "FIFO": ("mkfifo {}", "no regular file"),
    "endless device": ("ln -s /dev/zero {}", "no regular file"),
    "300 MB": ("truncate -s 300M {}", "314572800 bytes"),
    "folder": ("mkdir {}", "no regular file"),
    "linked folder": ("rmdir $(dirname {}) && ln -s /root/docker $(dirname {})", None),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_settings_of_a_user_give_nothing_of_roots_and_hold_nobody_up(
    kind: str, host: SandboxHost
) -> None:
    make, why = HOSTILE[kind]
    folder = SETTINGS.rpartition("/")[0]
    sh(
        host,
        f"rm -rf {folder}; mkdir -p /root/docker && echo '{{\"secret\": 1}}' "
        f">/root/docker/daemon.json; runuser -u {USER} -- sh -c "
        f"'mkdir -p {folder}; {make.replace('{}', SETTINGS)}'",
    )
    began = time.monotonic()
    told = sh(host, engines_command([USER]))
    assert time.monotonic() - began < 30 and len(told) < 100_000
    seen: Engines = engines(told.splitlines())
    assert SETTINGS not in seen.files and "secret" not in told and "root:" not in told
    if why:
        assert why in seen.unread[f"file:{SETTINGS}"]
    uid = seen.users[USER].uid
    owner = theirs.Owner(uid, seen.users[USER].gid)
    text = base64.b64encode(files.packed("ours").encode()).decode()
    write = theirs.written_script(owner, SETTINGS, "644")
    before = sh(host, "sha256sum /etc/shadow /root/docker/daemon.json; stat -c %a:%u /etc/shadow")
    host.run(f"{shell('theirs')}\necho {text} | base64 -d | {{ {write}; }}")
    after = sh(host, "sha256sum /etc/shadow /root/docker/daemon.json; stat -c %a:%u /etc/shadow")
    assert before == after
    sh(host, f"rm -rf {folder} /root/docker")


@pytest.mark.parametrize("there", ["ln -s /etc/shadow", "ln /etc/passwd", "mkfifo"])
def test_metrics_in_a_folder_of_another_user_change_nothing_of_roots(
    there: str, host: SandboxHost
) -> None:
    sh(host, files.write_script(program.PROGRAM, program.program(), "755"))
    sh(host, files.write_script(program.MENU, program.menu()))
    sh(host, f"rm -rf {METRICS}; mkdir -p {METRICS} && chown {USER}: {METRICS}")
    sh(host, f"{there} {METRICS}/gpuwright.prom")
    look = "sha256sum /etc/shadow /etc/passwd; stat -c %a:%u /etc/shadow /etc/passwd"
    before = sh(host, look)
    sh(host, f"timeout 60 {program.PROGRAM} now")
    assert sh(host, look) == before
    assert sh(host, f"stat -c %U:%a {METRICS}/gpuwright.prom") == f"{USER}:644\n"


def test_file_is_sent_by_sudo_past_tmp_and_is_roots(host: SandboxHost, tmp_path: Path) -> None:
    source, target = tmp_path / "program", "/opt/gpuwright/lib/sent/program"
    source.write_bytes(bytes(range(256)) * 1000)
    deploy = tmp_path / "deploy.py"
    deploy.write_text(UPLOAD.format(source=str(source), target=target))
    sh(host, "mount -t tmpfs -o ro,mode=1777 gpuwright-test /tmp")
    try:
        outcome = runner.run(host, tmp_path, deploy=str(deploy), ssh_user=USER, _sudo=True)
    finally:
        sh(host, "umount /tmp")
    assert outcome.code == 0, outcome.said
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert sh(host, f"sha256sum <{target}").split()[0] == digest
    assert sh(host, f"stat -c %U:%a {target}") == "root:755\n"
    assert sh(host, "ls -A /var/lib/gpuwright/transfers") == ""
    with full(host, "/opt/gpuwright"):
        source.write_bytes(b"another one" * 100_000)
        outcome = runner.run(host, tmp_path, deploy=str(deploy), ssh_user=USER, _sudo=True)
        assert outcome.code == 1 and "could not be sent" in outcome.said
        assert sh(host, f"sha256sum <{target}").split()[0] == digest
        assert sh(host, f"ls {target}*").split() == [target]


def test_full_disk_leaves_every_file_of_ours_as_it_was(host: SandboxHost) -> None:
    places = ("/etc/apt/sources.list.d", "/etc/modprobe.d", "/var/lib/gpuwright", "/opt/gpuwright")
    for place in places:
        file = f"{place}/gpuwright-test"
        sh(host, files.write_script(file, "old"))
        with full(host, place):
            said = sh(host, files.write_script(file, "new" * 20_000), good=False)
            assert f"{file} could not be written whole" in said
            assert sh(host, f"cat {file}; ls {file}*") == f"old{file}\n"
        sh(host, f"rm -f {file}")


def a_job(script: str) -> job.Job:
    """A job with a file beside its script."""
    return job.Job("test-theirs", "a test", script, inputs=(("list", "me:pw\n" * 2000),))


def test_job_on_a_full_disk_is_not_started_and_runs_once_there_is_room(host: SandboxHost) -> None:
    task = a_job("touch /run/test-ran")
    with full(host, job.FOLDER):
        said = sh(host, started(task), good=False)
        assert "full" in said
    sh(host, "! test -e /run/test-ran")
    assert "started" in sh(host, started(task))
    assert sh(host, job.poll_script(task, 30)) == "state done 0\n"
    assert sh(host, f"stat -c %a {task.folder}/list {task.folder}/script") == "600\n600\n"
    sh(host, "rm /run/test-ran")


def test_job_that_fills_the_disk_does_not_count_as_done(host: SandboxHost) -> None:
    task = a_job("head -c 1M /dev/zero >rest 2>/dev/null || :")
    sh(host, f"mkdir -p {job.FOLDER} && "
       f"mount -t tmpfs -o size=512k,mode=700 gpuwright-test {job.FOLDER}")  # fmt: skip
    try:
        sh(host, started(task))
        said = sh(host, job.poll_script(task, 30))
    finally:
        sh(host, f"umount {job.FOLDER}")
    assert said.startswith("state lost ") and "could not be noted" in said


def test_script_that_was_cut_is_not_run(host: SandboxHost) -> None:
    task = a_job("touch /run/test-ran")
    cut = f"truncate -s -5 {task.folder}/script"
    sh(host, started(task).replace("systemd-run --quiet", f"{cut}; systemd-run --quiet"))
    said = sh(host, job.poll_script(task, 30))
    assert said.startswith("state done 1\n") and "not written whole" in said
    sh(host, "! test -e /run/test-ran")


def test_host_without_systemd_run_is_told_what_to_do(host: SandboxHost) -> None:
    sh(host, "mv /usr/bin/systemd-run /usr/bin/systemd-run.away")
    try:
        said = sh(host, started(a_job(":")), good=False)
    finally:
        sh(host, "mv /usr/bin/systemd-run.away /usr/bin/systemd-run")
    assert "there is no systemd-run" in said and "reinstall systemd" in said


def test_job_runs_without_dbus_or_says_why_not(host: SandboxHost) -> None:
    sh(host, "systemctl stop dbus.socket dbus.service")
    try:
        done = host.run(started(a_job(":")))
        if done.returncode == 0:
            assert sh(host, job.poll_script(a_job(":"), 30)) == "state done 0\n"
        else:
            assert "dbus" in done.stdout
    finally:
        sh(host, "systemctl start dbus.socket")


def test_users_disk_that_is_full_leaves_the_users_settings(host: SandboxHost) -> None:
    folder = SETTINGS.rpartition("/")[0]
    sh(
        host,
        f"rm -rf {folder}; runuser -u {USER} -- sh -c 'mkdir -p {folder}; echo old >{SETTINGS}'",
    )
    uid, gid = sh(host, f"id -u {USER}; id -g {USER}").split()
    write = theirs.written_script(theirs.Owner(int(uid), int(gid)), SETTINGS, "644")
    text = base64.b64encode(files.packed("new" * 20_000).encode()).decode()
    with full(host, folder, USER):
        script = f"{shell('theirs')}\necho {text} | base64 -d | {{ {write}; }}"
        said = sh(host, script, good=False)
        assert "could not be written whole" in said
        assert sh(host, f"cat {SETTINGS}; ls {folder}") == "old\ndaemon.json\n"

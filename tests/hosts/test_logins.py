"""Logins as people have them: each is a user of one host, and all are asked in one run.

The doctor only reads, so that it may know one machine under many names.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.hosts import HostSpec, SandboxHost
from tests.hosts import runner
from tests.hosts.able import needs_hosts
from tests.hosts.lab import Lab
from tests.hosts.runner import untouched

pytestmark = needs_hosts()

DOCTOR, PLAN = "deploys/driver_doctor.py", "deploys/plan.py"
SECRET = "correct horse battery"
BANNER = "Authorised use only. Grüße."
BASH = "/bin/bash"


@dataclass(frozen=True)
class Login:
    """A user of the host."""

    shell: str = BASH
    start: str = ""
    """Start-up file, and after "|" its text."""
    sudoers: str = "ALL=(ALL) NOPASSWD: ALL"
    defaults: str = ""
    sshd: str = ""
    """Lines of sshd_config for this user."""
    code: str = ""
    """Code of the refusal; empty: all is well."""
    said: str = ""
    """Words of the refusal."""
    data: tuple[tuple[str, Any], ...] = ()


NOISE = "echo welcome; echo oops >&2; printf 'half a line'; nonsense"
LOGINS = {
    "fish": Login("/usr/bin/fish"),
    "fish-that-prints": Login("/usr/bin/fish", f".config/fish/config.fish|{NOISE}"),
    "tcsh": Login("/bin/tcsh"),
    "tcsh-that-prints": Login("/bin/tcsh", ".cshrc|echo welcome; nonsense; echo 'hi\\!'"),
    "zsh": Login("/usr/bin/zsh"),
    "zsh-that-prints": Login("/usr/bin/zsh", f".zshenv|{NOISE}"),
    "dash": Login("/bin/dash"),
    "bash-that-prints": Login(start=f".bashrc|{NOISE}; trap 'echo bye' EXIT; umask 077"),
    "bash-that-prints-bytes": Login(start=".bashrc|printf 'Gr\\374\\337e \\033[2J\\n'"),
    "bash-that-becomes-zsh": Login(start=".bashrc|exec zsh"),
    "bash-that-becomes-bash": Login(start=".bashrc|exec bash --norc"),
    "without-sftp": Login(sshd="ForceCommand sh -c 'eval \"$SSH_ORIGINAL_COMMAND\"'"),
    "one-session": Login(sshd="MaxSessions 1"),
    "two-sessions": Login(sshd="MaxSessions 2"),
    "with-a-banner": Login(sshd="Banner /etc/gpuwright-banner"),
    "sudo-umask": Login(defaults="umask=0077,umask_override"),
    "sudo-terminal": Login(defaults="requiretty"),
    "sudo-lecture": Login(defaults="lecture=always"),
    "sudo-pty": Login(defaults="use_pty"),
    "password": Login(sudoers="ALL=(ALL) ALL", data=(("_sudo_password", SECRET),)),
    "password-lecture": Login(
        "/usr/bin/fish", "", "ALL=(ALL) ALL", "lecture=always", data=(("_sudo_password", SECRET),)
    ),
    "password-terminal": Login(
        "/bin/tcsh", "", "ALL=(ALL) ALL", "requiretty", data=(("_sudo_password", SECRET),)
    ),
    "worst": Login(
        "/usr/bin/fish",
        f".config/fish/config.fish|{NOISE}; umask 077",
        "ALL=(ALL) ALL",
        "requiretty, lecture=always, umask=0077, umask_override",
        "MaxSessions 1\n  Banner /etc/gpuwright-banner",
        data=(("_sudo_password", SECRET),),
    ),
    "wrong-password": Login(
        sudoers="ALL=(ALL) ALL",
        data=(("_sudo_password", "wr0ng"),),
        code="SUDO-PASSWORD",
        said="--use-sudo-password",
    ),
    "nobody": Login("/usr/sbin/nologin", code="LOGIN-SHELL", said="usermod -s /bin/sh nobody-"),
    "false": Login("/bin/false", code="LOGIN-SHELL", said="nologin or false"),
    "bash-that-ends": Login(
        start=".bashrc|nonsense; exit 1", code="LOGIN-SHELL", said=".bashrc, line 1"
    ),
    "bash-that-becomes-fish": Login(
        start=".bashrc|exec fish", code="LOGIN-SHELL", said="runs another program"
    ),
    "restricted": Login("/bin/rbash", code="LOGIN-SHELL", said="restricted"),
    "forced": Login(sshd="ForceCommand internal-sftp", code="LOGIN-SHELL", said="ForceCommand"),
    "no-session": Login(sshd="MaxSessions 0", code="LOGIN-SESSIONS", said="maxsessions"),
}
WELL = [name for name, login in LOGINS.items() if not login.code]
ILL = [name for name, login in LOGINS.items() if login.code]


def user(name: str) -> str:
    """Its name on the host: none that a system has already."""
    return f"{name}-x"[-32:]


def made(host: SandboxHost) -> None:
    """Give the host its logins."""
    lines = [
        "set -e",
        "apt-get update -qq",
        "DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends"
        " fish tcsh zsh >/dev/null",
        f"printf '%s\\n' '{BANNER}' >/etc/gpuwright-banner",
        "sed -i -e 's/^Subsystem/#&/' -e '1i MaxStartups 100' /etc/ssh/sshd_config",
    ]
    for name, login in LOGINS.items():
        who = user(name)
        lines += [
            f"useradd -m -s {login.shell} {who}",
            f"echo '{who}:{SECRET}' | chpasswd",
            f"cp -r /home/admin/.ssh /home/{who}/ && chown -R {who} /home/{who}/.ssh",
            f"echo '{who} {login.sudoers}' >/etc/sudoers.d/{who}",
        ]
        if login.defaults:
            lines.append(f"echo 'Defaults:{who} {login.defaults}' >>/etc/sudoers.d/{who}")
        if login.start:
            file, text = login.start.split("|", 1)
            path = f"/home/{who}/{file}"
            lines.append(f"mkdir -p $(dirname {path}); cat >{path} <<'END'\n{text}\nEND")
        if login.sshd:
            lines.append(
                f"cat >>/etc/ssh/sshd_config <<'END'\nMatch User {who}\n  {login.sshd}\nEND"
            )
    lines.append(
        "chmod 440 /etc/sudoers.d/* && visudo -c >/dev/null && sshd -t && systemctl restart ssh"
    )
    done = host.run("\n".join(lines))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def host() -> Iterator[SandboxHost]:
    host = hosts.up(HostSpec("logins", gpus=("h100",)), fresh=True)
    made(host)
    yield host
    host.down()


def data(host: SandboxHost, name: str, **more: Any) -> dict[str, Any]:
    """What an inventory says of the host by one of its logins."""
    given = dict(LOGINS[name].data)
    return runner.host_data(host, ssh_user=user(name), **{**given, **more})


@dataclass(frozen=True)
class Asked:
    """What the doctor answered for every login, in one run."""

    hosts: dict[str, Any]
    said: str
    logs: str
    """What an ordinary user of the host could see meanwhile, and what is left there."""


@pytest.fixture(scope="module")
def asked(host: SandboxHost, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("logins")
    inventory = runner.inventory(folder, **{name: data(host, name) for name in LOGINS})
    watch = (
        "while [ ! -e /run/seen-enough ]; do cat /proc/[0-9]*/cmdline 2>/dev/null | "
        "tr '\\0' ' '; sleep 0.02; done >/run/seen"
    )
    with subprocess.Popen(host.ssh_argv(watch)) as watching:
        run = Lab(host, inventory).pyinfra("-vvv", "--debug", deploy=DOCTOR)
        host.run("touch /run/seen-enough")
        watching.wait(30)
    left = host.run("cat /run/seen; journalctl --sync; journalctl -o cat; ls -l /tmp").stdout
    return Asked(run.answer["hosts"], run.told, left)


@pytest.mark.parametrize("name", WELL)
def test_login_is_gone_through(asked: Asked, name: str) -> None:
    answer = asked.hosts[name]
    assert answer["verdict"] != "UNKNOWN", answer
    assert answer["findings"], "root saw that the driver is missing"


@pytest.mark.parametrize("name", ILL)
def test_login_that_cannot_be_gone_through_is_named_with_what_helps(
    asked: Asked, name: str
) -> None:
    answer = asked.hosts[name]
    assert answer["verdict"] == "UNKNOWN"
    assert answer["why"].startswith(f"{LOGINS[name].code}: ")
    assert LOGINS[name].said in answer["why"]


def test_password_of_sudo_is_nowhere_to_be_read(asked: Asked) -> None:
    assert "sudo" in asked.logs, "the watch saw something"
    assert SECRET not in asked.logs and SECRET not in asked.said
    assert "askpass" not in asked.logs


def test_login_that_runs_nothing_is_refused_by_a_deploy(host: SandboxHost, tmp_path: Path) -> None:
    outcome = runner.run(host, tmp_path, ssh_user=user("nobody"))
    assert outcome.code == 1 and "Traceback" not in outcome.said
    assert "verdict REFUSED" in outcome.said
    assert "usermod -s /bin/sh" in outcome.line("do: ")


def test_person_is_asked_for_the_password(host: SandboxHost, tmp_path: Path) -> None:
    told = data(host, "password")
    del told["_sudo_password"]
    inventory = runner.inventory(tmp_path, one=told)
    words = [sys.executable, "-m", "pyinfra", str(inventory), PLAN]
    refused = subprocess.run(words, cwd=SOURCE, capture_output=True, text=True, check=False)
    assert refused.returncode == 2 and "--use-sudo-password" in refused.stdout
    words.insert(3, "--use-sudo-password")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        words, cwd=SOURCE, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as run:
        os.close(theirs)
        said = b""
        while b"sudo password" not in said:
            said += os.read(ours, 1000)
        os.write(ours, f"{SECRET}\n".encode())
        while block := _read(ours):
            said += block
    text = said.decode(errors="replace")
    assert run.returncode == 0, text
    assert "one: plan" in text and SECRET not in text


DEPLOY = """
from pyinfra.api import FunctionCommand
from tasks.host import plans
from tasks.python import uv
from tasks.steps import job
from tasks.steps.step import step, write

plan = plans.for_this_host()


@step
def works():
    yield write("/opt/gpuwright/told/here", "yes")
    script = "umask >told; cat more >>told"
    yield job.complete(job.Job("works", "a job", script, inputs=(("more", "more"),)))
    yield FunctionCommand(brought, (), {})


def brought(state, host):
    return host.get_file("/var/lib/gpuwright/jobs/works/told", "TOLD", _sudo=True)


if plan is not None:
    uv.pushed(plan=plan, name="uv")
    works(name="works")
"""


def test_files_and_jobs_come_through_the_worst_login_with_the_modes_they_need(
    host: SandboxHost, tmp_path: Path
) -> None:
    told, deploy = tmp_path / "told", tmp_path / "a deploy.py"
    deploy.write_text(DEPLOY.replace("TOLD", str(told)))
    runner.inventory(tmp_path, worst=data(host, "worst"))
    outcome = runner.wait(runner.start(tmp_path, deploy=str(deploy)), tmp_path, 120)
    assert outcome.code == 0, outcome.said
    assert [row.split()[0] for row in outcome.changes[:2]] == ["uv", "works"]
    assert "open FAILED" not in outcome.said
    assert told.read_text() == "0022\nmore"
    seen = host.run(
        "cd /opt/gpuwright && stat -c '%a %U %n' . lib lib/* lib/*/uv told told/here; "
        "stat -c '%a %U %n' /var/lib/gpuwright /var/lib/gpuwright/jobs; "
        "runuser -u nosudo -- sh -c '/opt/gpuwright/lib/*/uv --version && cat told/here'"
    )
    assert seen.returncode == 0, seen.stdout + seen.stderr
    lines = seen.stdout.splitlines()
    assert [line.split()[:2] for line in lines[:6]] == [["755", "root"]] * 5 + [["644", "root"]]
    assert [line.split()[:2] for line in lines[6:8]] == [["755", "root"], ["700", "root"]]
    assert "yes" in lines[-1]
    again = runner.wait(runner.start(tmp_path, deploy=str(deploy)), tmp_path, 120)
    assert [row.split()[0] for row in again.changes[:1]] == ["works"], again.said


def test_alias_and_jump_host_of_ssh_config_lead_to_the_host(
    host: SandboxHost, tmp_path: Path
) -> None:
    config = tmp_path / "ssh config"
    way = (
        f"HostName {host.address}\n  IdentityFile {host.key}\n"
        f"  UserKnownHostsFile {host.known_hosts}\n"
    )
    config.write_text(
        f"Host hop\n  User admin\n  {way}\nHost aliased\n  User {user('zsh')}\n  {way}\n"
        f"Host jumped\n  User {user('one-session')}\n  ProxyJump hop\n  {way}\n"
    )
    known = {"ssh_config_file": str(config), "ssh_strict_host_key_checking": "yes"}
    inventory = runner.inventory(tmp_path, aliased=known, jumped=known)
    run = Lab(host, inventory).pyinfra(deploy=DOCTOR)
    verdicts = {name: answer["verdict"] for name, answer in run.answer["hosts"].items()}
    assert verdicts == {"aliased": "CRITICAL", "jumped": "CRITICAL"}, run.told


def test_checkout_under_any_path_is_run_from_any_folder(host: SandboxHost, tmp_path: Path) -> None:
    checkout, elsewhere = tmp_path / 'it\'s a "checkout" $HOME', tmp_path / "else where"
    rooms = ("deploys", "facts", "image", "stacks", "tasks")
    for room in rooms:
        shutil.copytree(SOURCE / room, checkout / room)
    elsewhere.mkdir()
    inventory = runner.inventory(elsewhere, one=runner.host_data(host))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pyinfra", inventory.name, str(checkout / PLAN)],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "one: plan" in done.stdout


def test_one_machine_under_two_names_is_refused_under_both_and_others_go_on(
    host: SandboxHost, tmp_path: Path
) -> None:
    other = hosts.up(HostSpec("logins-other", gpus=("h100",)), fresh=True)
    try:
        names = {
            "one": data(host, "fish"),
            "two": data(host, "zsh"),
            "other": runner.host_data(other),
        }
        inventory = runner.inventory(tmp_path, **names)
        asked = Lab(host, inventory).pyinfra("--data", "format=json", deploy=PLAN)
        dry = runner.wait(runner.start(tmp_path, "--dry"), tmp_path, 120)
    finally:
        other.down()
    verdicts = {name: answer["verdict"] for name, answer in asked.answer["hosts"].items()}
    assert verdicts == {"one": "conflict", "two": "conflict", "other": "plan"}
    assert dry.code == 1 and "one and two are names of one machine" in dry.said
    for name, verdict in (("one", "REFUSED"), ("two", "REFUSED"), ("other", "PLANNED")):
        assert f"{name}: verdict {verdict}" in dry.said
    runner.inventory(tmp_path, one=names["one"], two=names["two"])
    with untouched(host):
        outcome = runner.wait(runner.start(tmp_path), tmp_path, 120)
    assert outcome.code == 1 and "Traceback" not in outcome.said
    assert outcome.said.count("verdict REFUSED") == 2


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 10000)
    except OSError:  # its other end is closed
        return b""

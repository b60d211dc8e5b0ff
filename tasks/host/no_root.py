"""Why a login does not get root, and what helps there: by what sudo says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable

from facts.model.system import Login
from stacks.model.messages import Conflict
from tasks.steps.silence import ASKS_PASSWORD, ASKS_TERMINAL

Remedies = Callable[[str], tuple[str, ...]]


def _grant(user: str) -> str:
    return (
        f"give {user} passwordless sudo: echo '{user} ALL=(ALL) NOPASSWD: ALL' "
        f"> /etc/sudoers.d/{user}"
    )


_ROWS: tuple[tuple[re.Pattern[str], str, Remedies], ...] = (
    (
        ASKS_PASSWORD,
        "sudo wants a password",
        lambda user: (
            "if it has one, give it: pyinfra --use-sudo-password … asks for each host's, "
            "--same-sudo-password for one that all share",
            _grant(user),
        ),
    ),
    (
        ASKS_TERMINAL,
        '"Defaults requiretty" in /etc/sudoers or /etc/sudoers.d/, and the program `script`, '
        "which would give it a terminal, does not work there",
        lambda user: (
            f"as root: echo 'Defaults:{user} !requiretty' > /etc/sudoers.d/{user}-no-tty",
            "or install `script` (package bsdutils on Debian and Ubuntu, util-linux elsewhere)",
        ),
    ),
    (
        re.compile(r"not found|No such file"),
        "sudo is not installed",
        lambda user: (f"as root: install the package sudo, and then {_grant(user)}",),
    ),
    (
        re.compile(r"no new privileges"),
        "the host was started so that nobody becomes root in it",
        lambda user: ("start the container or service without no_new_privs",),
    ),
    (
        re.compile(r"setuid|effective uid is not 0|nosuid"),
        "the file of sudo may not make anybody root",
        lambda user: (
            "as root: chown root:root /usr/bin/sudo && chmod 4755 /usr/bin/sudo; findmnt -T "
            "/usr/bin/sudo shows whether its file system is mounted with nosuid",
        ),
    ),
    (
        re.compile(r"expired|locked|account validation"),
        "the account is locked, or it or its password has expired",
        lambda user: (f"as root: chage -l {user} shows which; passwd {user} or usermod -U {user}",),
    ),
    (
        re.compile(r"syntax error|parse error|sudoers.*(mode|owned|writable)"),
        "sudo cannot use its own settings",
        lambda user: ("as root: visudo -c names the file and line",),
    ),
)
"""What sudo says, what that means, and what helps."""


def no_root(login: Login) -> Conflict:
    """NO-ROOT: the remedies fit what sudo said."""
    said = login.sudo_error or "nothing"
    means = ""
    remedies: tuple[str, ...] = (_grant(login.user),)
    for pattern, meaning, row in _ROWS:
        if pattern.search(said):
            means, remedies = f"; {meaning}", row(login.user)
            break
    return Conflict(
        "NO-ROOT",
        f"the user {login.user} may not become root on this host",
        f"sudo -n says: {said}{means}",
        (*remedies, "connect as root: set ssh_user in the inventory"),
        "gpuwright needs root for packages, kernel modules and /opt",
    )

"""The remedy fits what sudo said: nobody is told to get what he has."""

from __future__ import annotations

import pytest

from facts.model.system import Login
from tasks.host.no_root import no_root

GRANT = "me ALL=(ALL) NOPASSWD: ALL"


@pytest.mark.parametrize(
    ("said", "words", "grant"),
    [
        ("sudo: a password is required", "--use-sudo-password", True),
        ("sudo-rs: interactive authentication is required", "--use-sudo-password", True),
        ("sudo: sorry, you must have a tty to run sudo", "!requiretty", False),
        ("sh: 1: sudo: not found", "install the package sudo", True),
        ('sudo: The "no new privileges" flag is set', "no_new_privs", False),
        ("sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set", "4755", False),
        ("sudo: effective uid is not 0, is /usr/bin/sudo on a 'nosuid' mount", "findmnt", False),
        ("sudo: Account or password is expired, reset your password", "chage -l me", False),
        ("sudo: account validation failure, is your account locked?", "usermod -U me", False),
        ("/etc/sudoers:20:1: syntax error", "visudo -c", False),
        ("me is not in the sudoers file.", GRANT, True),
        (None, GRANT, True),
    ],
)
def test_remedy_fits(said: str | None, words: str, grant: bool) -> None:
    found = no_root(Login("me", 1000, False, said))
    told = " ".join((found.why, *found.remedies))
    assert found.code == "NO-ROOT" and (said or "nothing") in found.why
    assert words in told and (GRANT in told) is grant
    assert found.remedies[-1] == "connect as root: set ssh_user in the inventory"

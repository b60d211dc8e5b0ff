"""What it means that a login runs nothing: its cause and the way out, from what it said. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stacks.model.messages import Conflict
from stacks.model.plain import one_line
from tasks.steps.framing import CUT

ASKS_PASSWORD = re.compile(r"a password is required|interactive authentication is required")
"""What ``sudo -n`` and ``sudo-rs -n`` say."""
ASKS_TERMINAL = re.compile(r"must have a tty")
_NOBODY = re.compile(r"account is (currently )?not available", re.IGNORECASE)  # nologin(8)
_FORCED = re.compile(r"allows sftp connections only|disabled by a forced command", re.IGNORECASE)
_RESTRICTED = re.compile(r"\brestricted\b", re.IGNORECASE)
_OURS = re.compile(r"\bgw(_\w+)?\b")
"""Names in what we send: whoever says them has taken it for its own."""
_LINE = re.compile(r"(/\S+): line (\d+)|(/\S+) \(line (\d+)\)|(/\S+?):(\d+):")
"""How bash, fish and zsh say where in a start-up file they are."""
_STARTS = "~/.bashrc ~/.zshenv ~/.cshrc ~/.tcshrc ~/.config/fish/config.fish /etc/bash.bashrc"
_SEARCH = f"grep -nE '(exit|exec|logout)' {_STARTS}"
_SHELL = "getent passwd {user}"


def silent_login(user: str, status: int, said: Sequence[str]) -> Conflict:
    """LOGIN-SHELL: what we ask for does not come to a shell.

    Args:
        user: The login.
        status: Exit status of what ran in place of our script.
        said: Lines that it printed, standard error output last.
    """
    words = [one_line(line) for line in said if line.strip()]
    heard = f'it said: "{" / ".join(words[-3:])[-300:]}"' if words else "it said nothing"
    why = f"what runs for {user} ended with exit status {status} before our command; {heard}"
    other = "connect as another user: set ssh_user in the inventory"
    if any(map(_NOBODY.search, words)) or (not words and status == 1):
        remedy = (
            f"see the last field of `{_SHELL.format(user=user)}`: where it is nologin or false, "
            f"as root: usermod -s /bin/sh {user}"
        )
        start = f"otherwise a start-up file ends the shell, as {user}: {_SEARCH}"
        return _conflict(user, why, (remedy, other) if words else (remedy, start, other))
    if any(map(_FORCED.search, words)):
        remedy = (
            "find the forced command, as root: "
            f"grep -rn ForceCommand /etc/ssh; grep -n command= ~{user}/.ssh/authorized_keys; "
            "use a key without one"
        )
        return _conflict(user, why, (remedy, other))
    if any(map(_RESTRICTED.search, words)):
        return _conflict(user, why, (f"as root: usermod -s /bin/sh {user}", other))
    cause = "a start-up file of the shell, or a forced command of the key, runs another program"
    if status != CUT and not any(map(_OURS.search, words)):
        cause = "a start-up file ends the shell, or the key has a forced command"
    places = [m for m in map(_LINE.search, words) if m]
    if places:
        file, line = [part for part in places[-1].groups() if part]
        cause = f"{file}, line {line}, is the last that was heard of"
    return _conflict(
        user,
        f"{why}; {cause}",
        (
            f"find the line, as {user} on the host: {_SEARCH}; grep -n command= "
            "~/.ssh/authorized_keys; and let it stand behind `[ -t 0 ] &&`, "
            "for terminals alone",
            other,
        ),
    )


def no_session(why: str, forwards: bool) -> Conflict:
    """LOGIN-SESSIONS: sshd lets the login in and then opens no session for it.

    Args:
        why: What sshd or the connection said.
        forwards: Whether the agent is forwarded, which takes a session for as long as it lasts.
    """
    return Conflict(
        "LOGIN-SESSIONS",
        "sshd on this host opens no session for us",
        f"{why}; one at a time is needed"
        + (", and forwarding the agent (ssh_forward_agent) takes another one" if forwards else ""),
        (
            *(("set ssh_forward_agent to False in the inventory",) if forwards else ()),
            "on the host, as root: sshd -T | grep -i maxsessions; grep -rn MaxSessions /etc/ssh; "
            "let it be 1 at least",
        ),
        "sshd_config(5), MaxSessions",
    )


def _conflict(user: str, why: str, remedies: tuple[str, ...]) -> Conflict:
    return Conflict(
        "LOGIN-SHELL",
        f"the login of {user} runs no commands",
        why,
        remedies,
        "sshd(8), LOGIN PROCESS",
    )

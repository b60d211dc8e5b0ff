"""What a login says that runs nothing leads to its cause and to what helps."""

from __future__ import annotations

import pytest

from tasks.steps.framing import CUT
from tasks.steps.silence import no_session, silent_login


@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (1, ["This account is currently not available."], "usermod -s /bin/sh me"),
        (1, [], "usermod -s /bin/sh me"),
        (1, [], ".bashrc"),
        (1, ["This service allows sftp connections only."], "ForceCommand"),
        (1, ["rbash: line 1: exec: restricted"], "usermod -s /bin/sh me"),
        (CUT, [], "runs another program"),
        (127, ["fish: Unsupported use of '='", "gw_sh=sh gw_sudo="], "runs another program"),
        (0, ["Welcome!"], '"Welcome!"'),
        (2, ["/home/me/.bashrc: line 7: no-such: command not found"], "/home/me/.bashrc, line 7,"),
        (1, ["~/.config/fish/config.fish (line 3): x", "y"], "said"),
        (127, ["/home/me/.zshenv:12: command not found: x"], "/home/me/.zshenv, line 12,"),
    ],
)
def test_cause_and_remedy_fit_what_was_said(status: int, said: list[str], words: str) -> None:
    found = silent_login("me", status, said)
    assert found.code == "LOGIN-SHELL" and found.remedies[-1].startswith("connect as another user")
    assert words in " ".join((found.why, *found.remedies))
    assert f"exit status {status}" in found.why


def test_words_of_a_host_do_nothing_to_a_screen() -> None:
    assert "\x1b" not in silent_login("me", 1, ["\x1b[2Jboo"]).why


def test_forwarded_agent_is_named_only_where_it_is_in_the_way() -> None:
    assert "ssh_forward_agent" in no_session("refused", True).why
    assert "ssh_forward_agent" not in " ".join(
        (no_session("refused", False).why, *no_session("refused", False).remedies)
    )

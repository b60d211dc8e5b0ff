"""One script by every login shell that is at hand: it arrives as it is, or not at all."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.steps.framing import CUT, Behind, Framed, framed
from tests.plain_shell import assert_plain

SHELLS = ("sh", "dash", "bash", "busybox sh", "zsh", "fish", "tcsh", "csh", "mksh", "ksh")
"""CI's machine has the first four; the others are tried where somebody has them."""
SCRIPT = r"""cat <<'END'
it's "so": `a` $HOME \n ! !! !$ % é *? ~ # {a,b} \\ \' [x] && || ; & | < > ( )
END
umask
printf tail
cat
exit 7
"""
SAID = [SCRIPT.splitlines()[1], "0022"]


def shell(words: str) -> list[str]:
    """The shell's command line; the test is skipped where this machine has none."""
    program, *rest = words.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not on this machine")
    return [program, *rest]


def ran(login: list[str], send: Framed, more: bytes = b"") -> tuple[int, list[str], list[str]]:
    """Exit status, the script's own lines, and all that the login said otherwise."""
    done = subprocess.run(login, input=send.sent + more, capture_output=True, check=False)
    out, err = Behind(send.mark, send.marks), Behind(send.mark, send.marks)
    said = list(out.lines(done.stdout.splitlines())) + list(err.lines(done.stderr.splitlines()))
    return done.returncode, said, out.noise + err.noise


def as_another(text: str) -> str:
    """In the place of ``sudo -n sh -c TEXT``."""
    return f"env OTHER=1 sh -c {shlex.quote(text)}"


@pytest.mark.parametrize("terminal", [False, True], ids=["", "terminal"])
@pytest.mark.parametrize("rise", [None, as_another], ids=["as the login", "as another"])
@pytest.mark.parametrize("words", SHELLS)
def test_script_and_its_input_arrive_by_every_shell_byte_for_byte(
    words: str, rise: Callable[[str], str] | None, terminal: bool
) -> None:
    send = framed(SCRIPT, rise, terminal=terminal)
    more = b" \x00\xff\n" * 2000
    code, said, _ = ran([*shell(words), "-c", send.word], send, more)
    assert (code, said[:2]) == (7, SAID)
    assert said[2] == "tail \x00�" and len(said) == 2002


def test_mode_of_files_is_ours_whatever_the_login_has() -> None:
    send = framed("umask")
    assert ran(["sh", "-c", f"umask 077; {send.word}"], send)[1] == ["0022"]


def test_long_script_is_no_argument() -> None:
    send = framed(f": {'x' * 300_000}\necho done")
    assert len(send.word) < 500
    assert ran(["sh", "-c", send.word], send)[1] == ["done"]


@pytest.mark.parametrize("words", SHELLS)
def test_what_a_login_prints_before_is_not_in_the_answer(words: str) -> None:
    send = framed("echo yes; echo no >&2")
    noise = "echo hello; printf 'no end of line'; cat /nonexistent"
    login = [*shell(words), "-c", f"{noise}; {send.word}"]
    assert ran(login, send)[:2] == (0, ["yes", "no"])


@pytest.mark.parametrize("words", SHELLS)
def test_shell_that_a_start_up_file_puts_in_its_place_runs_the_script_or_nothing(
    words: str, tmp_path: Path
) -> None:
    send = framed(f"touch {tmp_path}/ran\necho ran\n" + "# more\n" * 3000)
    code, said, _ = ran(shell(words), send)
    assert (code, said) in ((0, ["ran"]), (CUT, []))
    assert (tmp_path / "ran").exists() == (said == ["ran"])


@pytest.mark.parametrize("login", [["cat"], ["python3"], ["rbash"], ["rbash", "-c", "WORD"]])
def test_program_that_is_no_such_shell_has_run_nothing(login: list[str], tmp_path: Path) -> None:
    send = framed(f"touch {tmp_path}/ran\n" + "# more\n" * 3000)
    words = [send.word if word == "WORD" else word for word in shell(" ".join(login))]
    _, said, _ = ran(words, send)
    assert (said, (tmp_path / "ran").exists()) == ([], False)


@pytest.mark.parametrize("left", [1, 20, 200])
def test_half_a_script_is_not_run(left: int, tmp_path: Path) -> None:
    send = framed(f"touch {tmp_path}/ran\n" + "# more\n" * 50)
    half = Framed(send.word, send.sent[:-left], send.mark, send.marks)
    assert ran(["sh", "-c", send.word], half)[:2] == (CUT, [])
    assert not (tmp_path / "ran").exists()


def test_password_is_read_by_who_asks_and_by_nobody_else() -> None:
    def asking(text: str) -> str:
        return f"sh -c 'read -r got; echo $got >&2; exec sh -c \"$1\"' - {shlex.quote(text)}"

    send = framed("cat; echo done", asking, password="s3cret")
    assert "s3cret" not in send.word
    code, said, _ = ran(["sh", "-c", send.word], send, b"input\n")
    assert (code, said) == (0, ["input", "done"])
    send = framed("cat; echo done", as_another, password="s3cret")  # nobody asked
    assert ran(["sh", "-c", send.word], send)[:2] == (0, ["done"])


def test_words_of_who_refuses_are_kept_and_the_login_s_own_are_not() -> None:
    send = framed("echo ran", lambda text: "sh -c 'echo sudo: no >&2; exit 1'")
    code, said, noise = ran(["sh", "-c", f"echo hello; {send.word}"], send)
    assert (code, said, [line for line in noise if line]) == (1, [], ["sudo: no"])


def test_text_for_the_shell_has_nothing_that_shells_read_in_different_ways() -> None:
    for rise in (None, as_another):
        word = framed(SCRIPT, rise).word
        inside = word.removeprefix("exec sh -c '").removesuffix("'")
        assert not set(inside) & set("'!\\\n") and len(inside) == len(word) - len("exec sh -c ''")
        assert_plain(inside)

"""A shell script on its way through a login that may be anything. Pure.

sshd gives what it is asked to run to the user's login shell as one text: fish, tcsh, zsh, a bash
whose start-up file prints. So that text is always the same few words, quoted as all of these shells
read alike (single quotes, in which fish minds backslashes, csh minds "!" and ends of lines), and
the script itself comes by standard input: no shell but sh reads it, it stands in no list of
processes, and it may be as long as it likes.

What it prints is behind a mark, on both outputs, so that nothing which a login prints before can
pass for its answer. Half a script is not run: it ends with the mark as well.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

CUT = 96
"""Exit status where the script did not come whole."""
_SAID = "gpuwright answers "
_FILE_MODES = "022"
"""Users may read what we leave, whatever the login's umask is; secrets set theirs by themselves."""


@dataclass(frozen=True)
class Framed:
    """What goes to a host."""

    word: str
    """The text that the login shell is given."""
    sent: bytes
    """What goes to its standard input, before that of the script."""
    mark: str
    marks: int
    """How often the mark comes before the script's own words; fewer: it was not run."""


@dataclass
class Behind:
    """What comes after the marks of one output; what came after the last that was seen is kept."""

    mark: str
    marks: int
    noise: list[str] = field(default_factory=list)
    seen: int = 0

    def lines(self, raw: Iterable[bytes]) -> Iterator[str]:
        """The script's own lines, as text."""
        for line in raw:
            text = line.decode(errors="replace").rstrip("\r\n")
            if self.seen >= self.marks:
                yield text
            elif text.endswith(self.mark):  # what is printed last may not end its line
                self.seen += 1
                self.noise.clear()
            else:
                self.noise.append(text)


def framed(
    script: str,
    rise: Callable[[str], str] | None = None,
    password: str | None = None,
    terminal: bool = False,
) -> Framed:
    """Frame a script for one command of a connection.

    Args:
        script: POSIX shell.
        rise: Gives the shell text that runs such a text as another user; None: the script runs as
            the login.
        password: What sudo reads first, where it asks. It goes to no other program.
        terminal: Whether sudo wants one (``Defaults requiretty``). It gets one of its own, but the
            script's inputs and outputs stay as they are: a terminal would change them.
    """
    token = secrets.token_hex(8)
    if rise is None:
        marks, (loader, sent) = 1, _part(script, token)
    else:
        marks, (inner, rest) = 2, _part(script, token)
        asked = "" if password is None else f"{password}\n"
        risen = rise(inner)
        loader, sent = _part(with_terminal(risen) if terminal else f"exec {risen}", token)
        sent += asked.encode() + rest
    word = f"exec sh -c {shlex.quote(loader)}"
    # A start-up file may put another shell into the login shell's place, which takes what we send
    # for its commands. bash and zsh read line by line, and come back by this line; the others end
    # with it. Where all is well, it is skipped.
    return Framed(word, f"{word}; exit {CUT}\n".encode() + sent, _SAID + token, marks)


def _part(script: str, token: str) -> tuple[str, bytes]:
    """Shell of one line that reads a script and runs it, and what it reads.

    ``dd`` takes from the input what is the script's and no byte more (``head`` of busybox and of
    uutils takes more). Neither "!" nor a backslash nor a single quote is in it. The mark that it
    prints is in nothing that we send: a program that gives back what it gets has run no script.
    """
    sent = f"{script}\n#{token}".encode()
    take = f"dd bs={len(sent)} count=1 iflag=fullblock 2>/dev/null || head -c {len(sent)}"
    loader = (
        f'umask {_FILE_MODES}; gw=; until [ "$gw" = {token} ]; do IFS= read -r gw || exit {CUT}; '
        f"done; gw=$({take}); case $gw in *{token}) ;; *) exit {CUT};; esac; "
        f'set -- "{_SAID}" {token}; echo; echo "$1$2"; echo >&2; echo "$1$2" >&2; set --; '
        'eval "$gw"'
    )
    return loader, f"{token}\n".encode() + sent


def with_terminal(command: str) -> str:
    """Shell that runs a command with a terminal that nothing is read from or written to.

    sudo looks whether its process has one (sudoers(5), requiretty), not what its inputs are.
    ``script`` is util-linux's, which Debian and Ubuntu call essential.
    """
    inside = f"{command} <&3 >&4 2>&5 3<&- 4>&- 5>&-"
    return (
        "exec 3<&0 4>&1 5>&2; SHELL=/bin/sh; export SHELL; "
        f"exec script -qec {shlex.quote(inside)} /dev/null </dev/null >/dev/null 2>&1"
    )

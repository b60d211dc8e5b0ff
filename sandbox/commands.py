"""Run a system command and turn its failure into one sentence."""

import shlex
import subprocess
from collections.abc import Sequence

from sandbox.checkout import SandboxError


def run(*argv: str, check: bool = True, stdin: str | None = None) -> str:
    """Standard output of `argv`.

    Raises:
        SandboxError: if the command is missing, or ends with an error and `check` is set.

    """
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SandboxError(
            f"The command `{argv[0]}` is missing. `python -m sandbox prepare` installs what the "
            "sandbox needs."
        ) from None
    if check and done.returncode != 0:
        raise SandboxError(
            f"`{shlex.join(argv)}` ended with {done.returncode}: "
            f"{(done.stderr or done.stdout).strip() or 'no output'}"
        )
    return done.stdout


def succeeds(argv: Sequence[str]) -> bool:
    """Whether `argv` ends with 0; its output is dropped."""
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0

"""Shell that ends up on hosts, judged by shellcheck: plain `sh`, no loose ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Beside the interpreter: the project's environment has it, whatever the search path is.
_SHELLCHECK = Path(sys.executable).with_name("shellcheck")


def assert_plain(text: str, *without: str) -> None:
    """Fail, with what shellcheck says, where `text` is not sound; leave the codes `without`."""
    words = [str(_SHELLCHECK), "-s", "sh", "-e", ",".join(("SC2015", "SC2154", *without)), "-"]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

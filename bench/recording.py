"""`python -m bench.recording FILE WORDS`: run pyinfra with these words, keep what hosts answered.

A line of JSON for each command: what pyinfra asked, whether it went well, and each line of the
answer with its stream.
"""

from __future__ import annotations

# It comes first, because it makes sockets gevent's.
from pyinfra_cli.main import main  # type: ignore[import-untyped]

# isort: split
import functools
import json
import sys
from pathlib import Path
from typing import Any

from pyinfra.api import StringCommand
from pyinfra.api.host import Host


def install(file: Path) -> None:
    """From here on, what hosts answer is appended to ``file``."""
    before = Host.run_shell_command

    @functools.wraps(before)
    def run_shell_command(host: Host, command: Any, *words: Any, **named: Any) -> Any:
        good, said = before(host, command, *words, **named)
        asked = command.get_masked_value() if isinstance(command, StringCommand) else str(command)
        lines = [[line.buffer_name, line.line] for line in said.combined_lines]
        with file.open("a") as opened:
            opened.write(json.dumps({"asked": asked, "good": good, "lines": lines}) + "\n")
        return good, said

    Host.run_shell_command = run_shell_command  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    install(Path(sys.argv[1]).resolve())
    sys.argv = ["pyinfra", *sys.argv[2:]]
    sys.exit(main())

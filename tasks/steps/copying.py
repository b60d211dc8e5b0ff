"""Files of this machine to this machine: copied as they are, whatever their size.

pyinfra reads a whole file into memory (read in 3.10.0): too much for an image of some gigabytes.
"""

from __future__ import annotations

from typing import Any

from pyinfra import logger
from pyinfra.api import QuoteString, StringCommand
from pyinfra.connectors.local import LocalConnector
from typing_extensions import override


class Copying(LocalConnector):
    """pyinfra's way to this machine, with files copied by a shell: as whom they are to be."""

    @override
    def put_file(self, filename_or_io: Any, remote_filename: str, *rest: Any, **how: Any) -> bool:
        """Write a file."""
        if isinstance(filename_or_io, str):
            return self._copied(filename_or_io, remote_filename)
        return bool(super().put_file(filename_or_io, remote_filename, *rest, **how))

    @override
    def get_file(self, remote_filename: str, filename_or_io: Any, *rest: Any, **how: Any) -> bool:
        """Read a file."""
        if isinstance(filename_or_io, str):
            return self._copied(remote_filename, filename_or_io)
        return bool(super().get_file(remote_filename, filename_or_io, *rest, **how))

    def _copied(self, source: str, target: str) -> bool:
        words = StringCommand("cat <", QuoteString(source), ">", QuoteString(target))
        good, said = self.run_shell_command(words)
        if not good:
            logger.error(f"{self.host.print_prefix}{target} cannot be written: {said.stderr}")
        return good

"""The image's entry point: settle the user, then become what was asked for."""

from __future__ import annotations

import contextlib
import os
import sys

from image.programs import place
from image.programs.layer import Layer
from image.programs.settings import RefusalError

NOT_FOUND = 127


def main() -> int:
    """Run the words after the image's name in place of this program; ``services`` without any."""
    place.settle(os.environ)
    if os.getuid():  # root looks, and installs nothing by the way
        # A home that cannot be written is told by the program that needs it.
        with contextlib.suppress(RefusalError):
            Layer(os.environ["HOME"]).make()
    words = sys.argv[1:] or ["services"]
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND

"""The image's entry point: settle the user, then become what was asked for."""

from __future__ import annotations

import os
import sys

from image.programs import place

NOT_FOUND = 127


def main() -> int:
    """Run the words after the image's name in place of this program; ``services`` without any."""
    place.settle(os.environ)
    words = sys.argv[1:] or ["services"]
    try:
        os.execvp(words[0], words)
    except OSError as error:
        print(f"{words[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND

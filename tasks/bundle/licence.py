"""Under which licence a file of a bundle is, as it says itself."""

from __future__ import annotations

import email.parser
import zipfile
from pathlib import Path

MOST_BYTES = 1 << 20
"""Of a wheel's metadata."""
MOST_LETTERS = 120
NVIDIA = "NVIDIA CUDA Toolkit and cuDNN licence agreements"
"""Of NVIDIA's tarballs: each has its ``LICENSE`` inside."""


def of_wheel(wheel: Path) -> str:
    """What a wheel's metadata say (PyPA core metadata); empty where they say nothing."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            body = archive.open(names[0]).read(MOST_BYTES) if names else b""
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return ""
    told = email.parser.HeaderParser().parsestr(body.decode("utf-8", "replace"))
    said = [told["License-Expression"], told["License"]]
    classes = [c for c in told.get_all("Classifier", []) if c.startswith("License ::")]
    said += [c.rpartition("::")[2].strip() for c in classes]
    for one in said:
        # A whole licence in that field is no name of one.
        words = " ".join(str(one or "").split())
        if words and words != "UNKNOWN" and len(words) <= MOST_LETTERS and words.isprintable():
            return words
    return ""


def of_package(section: str) -> str:
    """What the archive's component says of a package's licence; the package has its copyright."""
    component = section.rpartition("/")[0] or "main"
    return f"{component}: /usr/share/doc/PACKAGE/copyright"

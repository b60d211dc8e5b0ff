"""What one package of a double holds, and how a file of it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.doubles.deb import File

FOLDER = Path(__file__).parent
"""Where sources of programs, libraries and scripts lie."""
LIBRARY_FOLDER = "/usr/lib/x86_64-linux-gnu"
LDCONFIG = {"triggers": "activate-noawait ldconfig\n"}
_CUDA = {"470": 11040, "520": 11080, "535": 12020, "550": 12040, "570": 12080, "580": 13000}
"""CUDA version that a driver branch answers; a branch that is not here answers 13.1."""


@dataclass(frozen=True)
class Payload:
    """Files and maintainer scripts of one package."""

    files: Mapping[str, File] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    conffiles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Values:
    """What a payload may need to know about its package."""

    name: str
    version: str
    """Upstream version: ``580.178.04``."""
    branch: str = ""
    flavour: str = "proprietary"


def library(name: str, values: Values, code: str = "") -> dict[str, File]:
    """A shared library with the real one's names, compiled from a few lines of C."""
    full = f"{name}.so.{values.version}"
    arguments = (
        *("-shared", "-fPIC", "-O1", "-nostdlib", f"-Wl,-soname,{name}.so.1"),
        *(f'-DGW_VERSION="{values.version}"', f"-DGW_CUDA={_CUDA.get(values.branch, 13010)}"),
    )
    text = code or (FOLDER / f"{name}.c").read_text()
    return {
        f"{LIBRARY_FOLDER}/{full}": File(text, compiled=arguments),
        f"{LIBRARY_FOLDER}/{name}.so.1": File(link=full),
    }


def template(file: str, **values: str) -> str:
    """The text of `file` with each ``@KEY@`` in it replaced."""
    text = (FOLDER / file).read_text()
    for key, value in values.items():
        text = text.replace(f"@{key.upper()}@", value)
    return text

"""Runs on the host as an ordinary login, without ``-I``: which torch it would get, and from where.

Prints lines ``gpuwright|FIELD|VALUE``. Torch itself is imported only where an argument asks for it,
as that takes seconds.
"""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys
from pathlib import Path

WATCHED = ("PYTHON", "LD_", "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")


def say(field: str, value: object) -> None:
    """One line of the answer."""
    print("gpuwright|{}|{}".format(field, " ".join(str(value).split())[:400]), flush=True)


def real(path: str) -> str:
    """Where a path leads in the end: the stable link is one."""
    return str(Path(path).resolve())


def own_folders() -> list[str]:
    """Where this environment's modules lie: its own folder, and the interpreter's library."""
    return [sys.prefix, real(sys.prefix), str(Path(os.__file__).parent)]


def is_own(place: str) -> bool:
    """Whether a folder of ``sys.path`` is the environment's or the interpreter's."""
    return any(place == own or place.startswith(own.rstrip("/") + "/") for own in own_folders())


def hides(place: str) -> list[str]:
    """Modules of the interpreter and of the environment that this folder has as well."""
    ours = set(getattr(sys, "stdlib_module_names", ()))
    for other in sys.path:
        if is_own(other) and other.endswith("site-packages"):
            ours |= {module.name for module in pkgutil.iter_modules([other])}
    return sorted(ours & {module.name for module in pkgutil.iter_modules([place])})


def main(imports: bool) -> None:
    """Say what is seen."""
    say("prefix", real(sys.prefix))
    for name, value in sorted(os.environ.items()):
        if name.startswith(WATCHED):
            say("variable", f"{name}={value}")
    for place in sys.path:
        if place and not is_own(place) and Path(place).is_dir():
            say("path", place)
            for name in hides(place)[:5]:
                say("hides", f"{place}: {name}")
    try:
        found = importlib.util.find_spec("torch")
        say("torch", real(found.origin) if found and found.origin else "")
        if found and found.origin and not os.access(found.origin, os.R_OK):
            raise PermissionError(f"{found.origin} may not be read")
        if found and imports:
            torch = __import__("torch")
            say("version", torch.__version__)
    except BaseException as error:
        say("why", f"{type(error).__name__}: {error}")


main("import" in sys.argv[1:])

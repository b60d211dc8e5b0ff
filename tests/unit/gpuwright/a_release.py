"""gpuwright as users get it: a source archive, a wheel built of that, and that one installed.

All folders have blanks in their names, and nothing of it asks a network.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import uv

from make import rooms

HOUSE = Path(__file__).parents[3]
SOURCE, WHEEL, ENVIRONMENT = "source archive", "a wheel", "an environment"
_BUILD = "import sys; from setuptools import build_meta as b; getattr(b, sys.argv[1])(sys.argv[2])"


@dataclass(frozen=True)
class Installed:
    """An environment with gpuwright in it, and the files that it came from."""

    folder: Path
    source: Path
    """The source archive."""
    wheel: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin/python"

    def run(self, *words: str, cwd: Path, code: int = 0, module: str = "gpuwright") -> str:
        """What a command says on both outputs; it must end with that exit status."""
        done = subprocess.run(
            [self.python, "-m", module, *words],
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr


def tracked() -> list[str]:
    """Files of the checkout that git knows or would know; where it knows none, those of a wheel."""
    if not (HOUSE / ".git").exists():
        own = ("setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md")
        return sorted([*own, "make/rooms.py", *map(str, rooms.files(HOUSE))])
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(words, cwd=HOUSE, capture_output=True, text=True, check=True)
    return sorted(name for name in done.stdout.split("\0") if name and (HOUSE / name).is_file())


def built(folder: Path, kind: str, into: Path) -> Path:
    """Build a source archive or a wheel by the back end, as every front end asks it to."""
    into.mkdir(exist_ok=True)
    words = [sys.executable, "-c", _BUILD, kind, str(into)]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (found,) = into.iterdir()
    return found


def installed(folder: Path, wheel: Path) -> None:
    """A fresh environment with this wheel; what it needs is that of this one."""
    env = folder / ENVIRONMENT
    command = uv.find_uv_bin()
    words = [command, "venv", "-q", "--offline", f"--python={sys.executable}", str(env)]
    subprocess.run(words, check=True)
    words = [command, "pip", "install", "-q", "--offline", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*words, f"--python={env / 'bin/python'}", str(wheel)], check=True)
    (site,) = env.glob("lib/python*/site-packages")
    (site / "needed.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")


def release(folder: Path, changed: Mapping[str, tuple[str, str]] | None = None) -> Installed:
    """A release of this checkout.

    Args:
        folder: Where all of it is made.
        changed: What is another text in some of its files.
    """
    tree = folder / "a checkout"
    for name in tracked():
        if name.split("/")[0] not in ("tests", "sandbox", "bench", "docs"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, tree / name)
    for name, (old, new) in (changed or {}).items():
        text = (tree / name).read_text("utf-8")
        assert old in text
        (tree / name).write_text(text.replace(old, new), "utf-8")
    source = built(tree, "build_sdist", folder / SOURCE)
    with tarfile.open(source) as archive:
        archive.extractall(folder / "out of it")
    (inside,) = (folder / "out of it").iterdir()
    installed(folder, built(inside, "build_wheel", folder / WHEEL))
    return made(folder)


def made(folder: Path) -> Installed:
    """The release that was made in this folder."""
    (source,), (wheel,) = (folder / SOURCE).iterdir(), (folder / WHEEL).iterdir()
    return Installed(folder / ENVIRONMENT, source, wheel)

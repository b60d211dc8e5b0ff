"""The writable environment of a container's user, behind the locked one.

It lies in the home, so it stays where the home does. Packages of the image come first for every
Python of it: nothing that is added can take the place of torch. ``pip`` and ``uv`` find the
image's packages in it as installed, and their versions as constraints.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from image.programs.settings import RefusalError

ROOT = Path("/opt/gpuwright")
BELOW_HOME = ".local/share/gpuwright"


class Layer:
    """The layer of one home."""

    def __init__(self, home: str, root: Path = ROOT) -> None:
        self.root = root
        self.locked = root / "current"
        """The environment that the image's locks fix."""
        self.constraints = root / "constraints.txt"
        libraries = sorted((self.locked / "lib").glob("python3.*"))
        self.version = libraries[0].name if libraries else "python3"
        self.folder = Path(home) / BELOW_HOME / self.version
        self.python = self.folder / "bin" / "python"

    @property
    def locked_site(self) -> Path:
        """The packages of the image."""
        return self.locked / "lib" / self.version / "site-packages"

    @property
    def site(self) -> Path:
        """The packages that were added."""
        return self.folder / "lib" / self.version / "site-packages"

    def fixed(self) -> dict[str, str]:
        """The image's packages, named as locks name them, to their versions; empty on a host."""
        try:
            lines = self.constraints.read_text().split()
        except OSError:
            return {}
        return dict(line.split("==", 1) for line in lines)

    def added(self) -> dict[str, str]:
        """What was put into the layer, to its version; by its record, which our own marks lack."""
        found = {}
        for record in sorted(self.site.glob("*.dist-info/RECORD")):
            name, _, version = record.parent.name.removesuffix(".dist-info").partition("-")
            found[normal(name)] = version
        return found

    def make(self) -> None:
        """Make it, or bring it to what this image holds; what was added stays.

        Raises:
            RefusalError: The home cannot be written, or the layer is another user's.
        """
        try:
            self.site.mkdir(mode=0o755, parents=True, exist_ok=True)
            if self.folder.stat().st_uid != os.getuid():
                raise PermissionError(1, f"it belongs to uid {self.folder.stat().st_uid}")
            (self.folder / "bin").mkdir(exist_ok=True)
            base = _home_of_python(self.locked)
            _link(self.python, f"{base}/{self.version}")
            for name in ("python3", self.version):
                _link(self.folder / "bin" / name, "python")
            _write(
                self.folder / "pyvenv.cfg", f"home = {base}\ninclude-system-site-packages = false\n"
            )
            _write(
                self.folder / "pip.conf",
                f"[global]\ndisable-pip-version-check = true\n\n[install]\nconstraint = "
                f"{self.constraints}\n",
            )
            _write(self.site / "gpuwright.pth", self._start())
            self._mark_locked()
        except OSError as error:
            raise RefusalError(
                "IMAGE-LAYER",
                f"{self.folder} cannot be used as uid {os.getuid()}: {error.strerror}",
                "docker run -v FOLDER:/home/user …, a folder that this uid may write to",
            ) from None

    def _start(self) -> str:
        """A line that Python runs at each start (site, "path configuration files").

        The locked Python reads it too, and needs none of it. In a virtual environment it is run
        twice.
        """
        first, last = str(self.locked_site), str(self.root / "lib" / "pip")
        return (
            f"import sys; p = [] if sys.prefix == {str(self.locked)!r} else sys.path; "
            "i = next((i for i, f in enumerate(p) if f.startswith(sys.prefix)), len(p)); "
            f"{first!r} in p or p.insert(i, {first!r}); {last!r} in p or p.append({last!r})\n"
        )

    def _mark_locked(self) -> None:
        """Let uv see the image's packages here; it looks into this folder alone.

        The record of files is missing on purpose: without it neither uv nor pip takes one away.
        Links to folders would not do, uv 0.13.8 passes over them.
        """
        wanted = {path.name: path / "METADATA" for path in self.locked_site.glob("*.dist-info")}
        for mark in self.site.glob("*.dist-info"):
            ours = (mark / "METADATA").is_symlink() and not (mark / "RECORD").exists()
            if ours and mark.name not in wanted:
                (mark / "METADATA").unlink()
                mark.rmdir()
        for name, metadata in wanted.items():
            mark = self.site / name
            if not mark.exists():
                mark.mkdir()
                (mark / "METADATA").symlink_to(metadata)


def normal(name: str) -> str:
    """A package's name as locks write it (packaging.python.org, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _home_of_python(environment: Path) -> str:
    for line in (environment / "pyvenv.cfg").read_text().splitlines():
        key, _, value = line.partition("=")
        if key.strip() == "home":
            return value.strip()
    return "/usr/bin"


def _link(path: Path, target: str) -> None:
    if not path.is_symlink() or str(path.readlink()) != target:
        part = path.with_name(path.name + ".new")
        part.unlink(missing_ok=True)
        part.symlink_to(target)
        part.replace(path)


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text() != text:
        part = path.with_name(path.name + ".new")
        part.write_text(text)
        part.replace(path)

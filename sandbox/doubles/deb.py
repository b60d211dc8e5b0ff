"""Build Debian packages with dpkg-deb, each once: cached by the digest of what they hold."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.checkout import CACHE
from sandbox.commands import run

BUILT = CACHE / "debs"
_DATE = "1700000000"  # One date for all files: the same content gives the same package.
_AT_ONCE = 4


@dataclass(frozen=True)
class File:
    """A file of a package."""

    text: str = ""
    mode: int = 0o644
    source: str = ""
    """Path of a file or folder on this machine to copy instead of writing `text`."""
    digest: str = ""
    """Tells versions of `source` apart."""
    link: str = ""
    """Target, for a symbolic link."""
    compiled: tuple[str, ...] = ()
    """gcc's arguments, where `text` is C that is compiled first."""


@dataclass(frozen=True)
class Deb:
    """One Debian package."""

    name: str
    version: str
    arch: str = "amd64"
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further fields of its control file: ``Depends`` …"""
    files: Mapping[str, File] = field(default_factory=dict)
    """Absolute path on the host to what is there."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """``postinst``, ``prerm`` … to shell text."""
    conffiles: tuple[str, ...] = ()

    @property
    def filename(self) -> str:
        """Its name in a repository; an epoch is left out, as dpkg-deb does."""
        return f"{self.name}_{self.version.split(':')[-1]}_{self.arch}.deb"

    @property
    def control(self) -> str:
        """Its control file."""
        given = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": self.arch,
            "Maintainer": "gpuwright sandbox <sandbox@gpuwright.example>",
            "Section": "misc",
            "Priority": "optional",
            "Description": f"stand-in for {self.name}, made by gpuwright's sandbox\n"
            " It has the real one's name, version and dependencies, and nothing of its content.",
        }
        return "".join(f"{key}: {value}\n" for key, value in {**given, **self.fields}.items())


def build(packages: Iterable[Deb]) -> list[Path]:
    """The .deb file of each package, in their order, built now if it is not in the cache.

    Raises:
        SandboxError: if dpkg-deb refuses one.

    """
    BUILT.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_build, packages))


def _build(package: Deb) -> Path:
    body = json.dumps([asdict(package), package.control], sort_keys=True)
    target = BUILT / hashlib.sha256(body.encode()).hexdigest()[:32] / package.filename
    if target.is_file():
        return target
    with tempfile.TemporaryDirectory(dir=BUILT, prefix=".build-") as name:
        tree = Path(name) / "tree"
        _write(tree, package)
        part = Path(name) / "part.deb"
        run(
            *("env", f"SOURCE_DATE_EPOCH={_DATE}", "dpkg-deb", "--root-owner-group"),
            *("-Znone", "--build", str(tree), str(part)),
        )
        target.parent.mkdir(exist_ok=True)
        part.replace(target)
    return target


def _write(tree: Path, package: Deb) -> None:
    control = tree / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text(package.control)
    if package.conffiles:
        (control / "conffiles").write_text("".join(f"{path}\n" for path in package.conffiles))
    for name, text in package.scripts.items():
        (control / name).write_text(text)
        (control / name).chmod(0o755)
    lay_out(tree, package.files)
    tree.chmod(0o755)


def lay_out(tree: Path, files: Mapping[str, File]) -> None:
    """Write files, by their absolute paths on the host, below `tree`."""
    for path, file in files.items():
        place = tree / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.link:
            place.symlink_to(file.link)
        elif file.source:
            run("cp", "-a", "--no-preserve=ownership", file.source, str(place))
        elif file.compiled:
            run("gcc", *file.compiled, "-x", "c", "-", "-o", str(place), stdin=file.text)
        else:
            place.write_text(file.text)
            place.chmod(file.mode)

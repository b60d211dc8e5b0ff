"""Build rpm packages with rpmbuild, each once: they are cached by the digest of what they hold."""

import hashlib
import json
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.checkout import CACHE
from sandbox.commands import run
from sandbox.doubles.deb import File, lay_out

BUILT = CACHE / "rpms"
_SOURCE = "/usr/src/nvidia-"
_DATE = "1700000000"  # One date for all files: the same content gives the same package.
_AT_ONCE = 2

# No post-processing: files are packed as they are, and nothing is guessed about what they need.
_HEAD = """\
%global debug_package %{nil}
%global __os_install_post %{nil}
%global _build_id_links none
%global _binary_payload w1.gzdio
%global use_source_date_epoch_as_buildtime 1
%global clamp_mtime_to_source_date_epoch 1
%global _buildhost sandbox.gpuwright.example
"""


@dataclass(frozen=True)
class Rpm:
    """One rpm package."""

    name: str
    version: str
    release: str
    epoch: int = 0
    arch: str = "x86_64"
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """``Requires``, ``Provides``, ``Conflicts``, ``Obsoletes`` to their entries."""
    files: Mapping[str, File] = field(default_factory=dict)
    """Absolute path on the host to what is there."""
    scripts: Mapping[str, str] = field(default_factory=dict)
    """``post``, ``preun`` … to shell text."""

    @property
    def filename(self) -> str:
        """Its name in a repository."""
        return f"{self.name}-{self.version}-{self.release}.{self.arch}.rpm"

    @property
    def nevra(self) -> str:
        """Name, epoch, version, release and architecture, as module metadata lists it."""
        return f"{self.name}-{self.epoch}:{self.version}-{self.release}.{self.arch}"

    def spec(self) -> str:
        """Its spec file; ``%{tree}`` is the folder with its files."""
        lines = [
            _HEAD,
            f"Name: {self.name}",
            f"Version: {self.version}",
            f"Release: {self.release}",
            f"Summary: stand-in for {self.name}, made by gpuwright's sandbox",
            "License: none",
            "Vendor: gpuwright sandbox",
            "AutoReqProv: no",
        ]
        lines += [f"Epoch: {self.epoch}"] if self.epoch else []
        lines += ["BuildArch: noarch"] if self.arch == "noarch" else []
        lines += [f"{tag}: {value}" for tag, values in self.tags.items() for value in values]
        lines += [
            "%description",
            "It has the real one's name, version and dependencies, and nothing of its content.",
            "%install",
            "cp -a %{tree}/. %{buildroot}",
        ]
        for script, text in self.scripts.items():
            lines += [f"%{script}", text]
        # NVIDIA's packages own the folder of the module's source, so that it goes with them.
        sources = sorted({"/".join(path.split("/")[:4]) for path in self.files if _SOURCE in path})
        lines += ["%files", *(f'%dir "{path}"' for path in sources)]
        lines += [f'"{path}"' for path in self.files]
        return "\n".join(lines) + "\n"


def build(packages: Iterable[Rpm]) -> list[Path]:
    """The .rpm file of each package, in their order, built now if it is not in the cache.

    Raises:
        SandboxError: if rpmbuild refuses one.

    """
    BUILT.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(_build, packages))


def _build(package: Rpm) -> Path:
    body = json.dumps([asdict(package), package.spec()], sort_keys=True)
    target = BUILT / hashlib.sha256(body.encode()).hexdigest()[:32] / package.filename
    if target.is_file():
        return target
    with tempfile.TemporaryDirectory(dir=BUILT, prefix=".build-") as name:
        folder = Path(name)
        (folder / "tree").mkdir()
        lay_out(folder / "tree", package.files)
        (folder / "package.spec").write_text(package.spec())
        run(
            *("env", f"SOURCE_DATE_EPOCH={_DATE}", "rpmbuild", "-bb", "--quiet"),
            *("--target", f"{package.arch}-linux", "--define", f"_topdir {folder}"),
            *("--define", f"tree {folder}/tree", "--define", f"_dbpath {folder}/db"),
            str(folder / "package.spec"),
        )
        target.parent.mkdir(exist_ok=True)
        (made,) = (folder / "RPMS").glob("*/*.rpm")
        made.replace(target)
    return target

"""NVIDIA's component tarballs as stand-ins behind the mirror, and a product that pins them.

The digests of the real ones are pinned in the catalogue, so that no stand-in could ever pass for
one. The runs here are of a copy of the product whose catalogue pins those of the stand-ins;
nothing else in it differs.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

from sandbox.checkout import SOURCE
from sandbox.doubles.payloads.payload import template
from sandbox.mirror.doubles import DOUBLES
from stacks.catalog.software import File
from tasks.host import resolution

_NAME = "redist"
SERVED = DOUBLES / _NAME / "repos"
"""What the mirror serves as ``mirrors: {redist: …}``."""
_PARTS = ("config.py", "deploys", "facts", "image", "pyproject.toml", "stacks", "tasks")
_CUDNN = "#define CUDNN_MAJOR 8\n#define CUDNN_MINOR 9\n#define CUDNN_PATCHLEVEL 7\n"
_INSIDE = {
    "cuda_nvcc": {
        "bin/nvcc": template("nvcc.sh", release="11.8.89", series="11.8"),
        "bin/nvcc.profile": "TOP = $(_HERE_)/..\n",
    },
    "cuda_cudart": {
        "lib/libcudart.so.11.8.89": "a stand-in\n",
        "include/cuda_runtime_api.h": "#define CUDART_VERSION 11080\n",
    },
    "cudnn": {"include/cudnn_version.h": _CUDNN, "lib/libcudnn.so.8.9.7": "a stand-in\n"},
}
"""Files of the components that are looked at; the others have one of their own name."""


def mirror(address: str) -> str:
    """The mirror's address for host data ``mirrors: {redist: …}``."""
    return f"{address}/doubles/{_NAME}/repos"


def publish(arch: str = "x86_64") -> dict[str, str]:
    """Write the stand-ins of an architecture; give the real digests with those of the stand-ins."""
    catalog = resolution.catalog()
    files = {
        f"cuda/redist/{file.path}": (name, file)
        for name, file in catalog.cuda.redist["11.8"].files[arch].items()
    }
    cudnn = catalog.cudnn.series["8.9"].rows["8.9.7.29"].redist[arch]
    files[f"cudnn/redist/{cudnn.path}"] = ("cudnn", cudnn)
    return {file.sha256: _write(SERVED / path, name, file) for path, (name, file) in files.items()}


def _write(path: Path, component: str, file: File) -> str:
    """A tarball in NVIDIA's layout: everything is below the folder that is named like it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    top = Path(file.path).name.removesuffix(".tar.xz")
    inside = {**_INSIDE.get(component, {}), f"LICENSE.{component}": f"{component}, a stand-in\n"}
    part = path.with_suffix(".part")
    with tarfile.open(part, "w:xz") as archive:
        for name, text in inside.items():
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size = len(text.encode())
            entry.mode = 0o755 if name == "bin/nvcc" else 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    part.replace(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def product(folder: Path, digests: dict[str, str]) -> Path:
    """A copy of the product in ``folder`` that pins these digests in place of the real ones."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (*_PARTS, "tests/acceptance"):
        source = SOURCE / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / part)
    for name in ("cuda.yaml", "cudnn.yaml"):
        path = folder / "stacks/catalog" / name
        text = path.read_text()
        for real, other in digests.items():
            text = text.replace(real, other)
        path.write_text(text)
    return folder

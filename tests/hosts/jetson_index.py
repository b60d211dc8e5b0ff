"""A package index that has one small wheel called torch, and the lock that asks for it.

The wheel has torch's name, version and folders, and answers what the proof asks; it computes
nothing. Everything else in the lock is the real package of the host's own index.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from stacks.catalog.read import FOLDER

_TORCH = '''\
"""Stand-in for torch, made by gpuwright's tests."""
from types import SimpleNamespace as _N
__version__ = "{version}"
version = _N(cuda="{cuda}")
def _no():
    raise RuntimeError("this is a stand-in")
backends = _N(cudnn=_N(version=lambda: {cudnn}))
cuda = _N(is_available=lambda: False, init=_no, nccl=_N(version=lambda: (2, 27, 7)))
_C = _N(_cuda_getArchFlags=lambda: "sm_87")
'''


def write(folder: Path, version: str, cuda: str, cudnn: int) -> str:
    """Write the wheel and its page below ``folder``/torch; give the wheel's sha256."""
    files = {
        "torch/__init__.py": _TORCH.format(version=version, cuda=cuda, cudnn=cudnn),
        "torch/lib/README": "stand-in\n",
    }
    return put(folder, "torch", version, files)


def put(folder: Path, package: str, version: str, contents: Mapping[str, str]) -> str:
    """Write a wheel of these files and its page below ``folder``/``package``; give its sha256."""
    place = folder / package
    place.mkdir(parents=True)
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    files = {
        **contents,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    wheel = place / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    link = wheel.name.replace("+", "%2B")
    (place / "index.html").write_text(f'<a href="{link}#sha256={digest}">{wheel.name}</a>\n')
    return digest


@contextlib.contextmanager
def serving(folder: Path, mirror: str) -> Iterator[str]:
    """Serve ``folder`` on the address at which a host reaches its mirror, which is this machine."""
    folder.mkdir(exist_ok=True)
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer((urlsplit(mirror).hostname or "", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{server.server_name}:{server.server_port}"
        server.shutdown()


def stack(folder: Path, lock: str, version: str, digest: str) -> Path:
    """Write a stack file with a folder ``locks`` beside it; give its path."""
    (folder / "locks").mkdir(parents=True)
    ours = (FOLDER / "locks" / "torch-2.9.1-jetson-cu126-cp310-aarch64.txt").read_text()
    start = ours.index("nvidia-ml-py==")
    pynvml = ours[start : ours.index("\n", ours.index("--hash", start)) + 1]
    while pynvml.rstrip().endswith("\\"):  # a package with several files has several lines
        pynvml += ours[start + len(pynvml) :].splitlines(keepends=True)[0]
    text = f"{pynvml}torch=={version} \\\n    --hash=sha256:{digest}\n"
    (folder / "locks" / lock).write_text(text)
    path = folder / "jetson-double.yaml"
    path.write_text('summary: the stand-in\ntorch:\n  version: "2.9.1"\n')
    return path

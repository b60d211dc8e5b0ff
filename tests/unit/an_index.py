"""A package index on this machine (PEP 503) that holds what a test puts into it, forgeries too."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

ANY = "py3-none-any"


def wheel(
    name: str, tag: str = ANY, files: Mapping[str, str] | None = None, version: str = "1.0"
) -> bytes:
    """A wheel as small as they come; `files` are in it as well."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        place = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        about = {"METADATA": metadata, "WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n", "RECORD": ""}
        for path, text in {f"{place}/{k}": v for k, v in about.items()}.items():
            file.writestr(path, text)
        for path, text in (files or {}).items():
            file.writestr(path, text)
    return buffer.getvalue()


def sdist(name: str) -> bytes:
    """A source package that asks for setuptools to build it, as most do."""
    build = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    files = {
        "pyproject.toml": f'{build}[project]\nname = "{name}"\nversion = "1.0"\n',
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
    }
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            member = tarfile.TarInfo(f"{name}-1.0/{path}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def forged_setuptools(mark: Path) -> bytes:
    """A setuptools that writes a file, `mark`, as soon as a build imports it."""
    code = f"import pathlib\npathlib.Path({str(mark)!r}).write_text('code of the mirror ran')\n"
    files = {"setuptools/__init__.py": "", "setuptools/build_meta.py": code}
    return wheel("setuptools", files=files)


class Index:
    """An index of what is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def put(self, name: str, *tags: str) -> str:
        """Wheels of one package; gives its lines of a lock."""
        files = {f"{name}-1.0-{tag}.whl": wheel(name, tag) for tag in tags}
        return self.put_files(name, files)

    def put_files(self, name: str, files: Mapping[str, bytes]) -> str:
        """Files of one package by their names; gives its lines of a lock, with all digests."""
        place = self.folder / "simple" / name
        place.mkdir(parents=True)
        lines, links = [f"{name}==1.0"], []
        for file, data in files.items():
            digest = hashlib.sha256(data).hexdigest()
            (self.folder / file).write_bytes(data)
            links.append(f'<a href="../../{file}#sha256={digest}">{file}</a>')
            lines.append(f"    --hash=sha256:{digest}")
        (place / "index.html").write_text("\n".join(links))
        return " \\\n".join(lines) + "\n"


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Index]:
    """An index of this folder, on a port of the loopback."""
    folder.mkdir()
    made = Index(folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        made.address = f"http://127.0.0.1:{server.server_port}/simple"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        server.shutdown()

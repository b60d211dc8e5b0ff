"""Wheels of a lock, as the real uv finds them in an index on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from stacks.model.image import ImagePlan
from tasks.bundle import contents, manifest, wheels
from tasks.bundle.contents import Contents
from tasks.bundle.manifest import BundleError
from tasks.bundle.work import lacking_wheels
from tests.unit.tasks import an_image

LOCK = "torch-of-the-test.txt"
ANY = "py3-none-any"
OURS = "cp311-cp311-manylinux_2_28_x86_64"
TOO_NEW = "cp311-cp311-manylinux_2_39_x86_64"
OTHER_PYTHON = "cp312-cp312-manylinux_2_28_x86_64"


def wheel(name: str, tag: str) -> bytes:
    """A wheel as small as they come."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        place = f"{name}-1.0.dist-info"
        file.writestr(f"{place}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        file.writestr(f"{place}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        file.writestr(f"{place}/RECORD", "")
    return buffer.getvalue()


class Index:
    """An index (PEP 503) of what is put into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def put(self, name: str, *tags: str) -> str:
        """Wheels of one package; gives its lines of a lock."""
        place = self.folder / "simple" / name
        place.mkdir(parents=True)
        lines, links = [f"{name}==1.0"], []
        for tag in tags:
            data, file = wheel(name, tag), f"{name}-1.0-{tag}.whl"
            digest = hashlib.sha256(data).hexdigest()
            (self.folder / file).write_bytes(data)
            links.append(f'<a href="../../{file}#sha256={digest}">{file}</a>')
            lines.append(f"    --hash=sha256:{digest}")
        (place / "index.html").write_text("\n".join(links))
        return " \\\n".join(lines) + "\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    folder = tmp_path / "index"
    folder.mkdir()
    made = Index(folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        made.address = f"http://127.0.0.1:{server.server_port}/simple"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield made
        server.shutdown()


def plan(index: Index) -> ImagePlan:
    torch = dataclasses.replace(an_image.plan().torch, default_index=index.address)
    return an_image.plan(torch=torch, cuda=None, cudnn=None)


def asked(text: str) -> Contents:
    return Contents("debian:bookworm-slim", "x86_64", {LOCK: {"needs": text}}, {}, {})


def collect(folder: Path, index: Index, text: str) -> list[str]:
    """Collect, and say what was fetched."""
    said: list[str] = []
    wheels.collect(folder, plan(index), asked(text), LOCK, said.append)
    return said


def test_wheels_for_the_image_come_and_no_others(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY) + index.put("two", OURS, OTHER_PYTHON, TOO_NEW)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    assert {path.name for path in (bundle / "wheels").iterdir()} == {
        f"one-1.0-{ANY}.whl",
        f"two-1.0-{OURS}.whl",
    }
    known = manifest.read(bundle)
    assert lacking_wheels(bundle, known, asked(text)) == []
    assert known.locks == {LOCK: contents.lock_digest({"needs": text})}
    assert "127.0.0.1" not in (bundle / "manifest.json").read_text()


def test_only_what_is_spoiled_is_fetched_again(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY) + index.put("two", OURS)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    (bundle / f"wheels/one-1.0-{ANY}.whl").write_bytes(b"spoiled")
    assert lacking_wheels(bundle, manifest.read(bundle), asked(text)) == [LOCK]
    assert collect(bundle, index, text) == [f"fetching wheels/one-1.0-{ANY}.whl"]
    assert lacking_wheels(bundle, manifest.read(bundle), asked(text)) == []


def test_newer_lock_keeps_what_both_have(index: Index, tmp_path: Path) -> None:
    text = index.put("one", ANY)
    bundle = tmp_path / "bundle"
    collect(bundle, index, text)
    more = text + index.put("two", ANY)
    assert lacking_wheels(bundle, manifest.read(bundle), asked(more)) == [LOCK]
    assert collect(bundle, index, more) == [f"fetching wheels/two-1.0-{ANY}.whl"]


def test_file_that_the_lock_does_not_allow_is_not_taken(index: Index, tmp_path: Path) -> None:
    """The index has other bytes under the same name."""
    index.put("one", ANY)
    with pytest.raises(BundleError, match=f"a hash of the lock {LOCK}: one==1.0"):
        collect(tmp_path / "bundle", index, f"one==1.0 --hash=sha256:{'0' * 64}\n")


def test_index_that_lacks_a_package_is_told_in_uvs_words(index: Index, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"you require\s+nothing==1\.0"):
        collect(tmp_path / "bundle", index, f"nothing==1.0 --hash=sha256:{'0' * 64}\n")


def test_platform_is_that_of_the_base_and_never_newer_than_uv_knows() -> None:
    assert wheels.platform(an_image.plan(os="debian-12")) == "x86_64-manylinux_2_36"
    assert wheels.platform(an_image.plan(os="debian-13")) == "x86_64-manylinux_2_40"

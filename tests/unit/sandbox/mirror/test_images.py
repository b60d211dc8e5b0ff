"""Images that a container engine pulls from the mirror."""

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from sandbox.mirror import images


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with ``library/tiny:small`` in it."""
    monkeypatch.setattr("sandbox.checkout.STATE", tmp_path)
    root = tmp_path / "tiny-0123"
    root.mkdir()
    (root / "hello").write_text("world")
    images.publish(root, "tiny", "small", tmp_path / "images")
    return tmp_path / "images"


def asked(folder: Path, path: str) -> tuple[str, bytes]:
    """Content type and content of what is at the path."""
    found = images.answer(path, folder)
    assert found and found[1]
    return found[0], found[1].read_bytes()


def test_all_parts_of_an_image_are_found_by_their_digests(published: Path) -> None:
    kind, body = asked(published, "/v2/library/tiny/manifests/small")
    manifest = json.loads(body)
    assert manifest["mediaType"] == kind
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    assert asked(published, f"/v2/library/tiny/manifests/{digest}") == (kind, body)
    for part in (manifest["config"], *manifest["layers"]):
        _, data = asked(published, f"/v2/library/tiny/blobs/{part['digest']}")
        assert len(data) == part["size"]
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == part["digest"]


def test_layer_is_the_tree(published: Path, tmp_path: Path) -> None:
    manifest = json.loads(asked(published, "/v2/library/tiny/manifests/small")[1])
    layer = images.answer(f"/v2/library/tiny/blobs/{manifest['layers'][0]['digest']}", published)
    assert layer and layer[1]
    with tarfile.open(layer[1]) as tar:
        hello = tar.extractfile("./hello")
        assert hello and hello.read() == b"world"


def test_what_is_there_is_not_made_again(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *words, **options: 1 / 0)
    images.publish(published.parent / "tiny-0123", "tiny", "small", published)


@pytest.mark.parametrize(
    "path", ["/v1/x", "/v2/other/tiny/manifests/small", "/v2/library/tiny/manifests/../../x"]
)
def test_other_paths_are_not_for_it(path: str, tmp_path: Path) -> None:
    assert images.answer(path, tmp_path) is None


def test_greeting_of_a_client_is_answered_without_a_file(tmp_path: Path) -> None:
    assert images.answer("/v2/", tmp_path) == ("application/json", None)

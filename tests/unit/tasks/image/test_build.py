"""The build's own way out: proxy and authorities of the host reach it, and stay out of the image.

The job's script runs for real with a stand-in for Docker, which keeps what it is given.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from tasks.templates import render

DOCKER = """#!/bin/sh
[ "$1" = build ] || exit 0
echo "$*" >"$KEPT/words"
cp ca.pem "$KEPT/ca.pem"
env >"$KEPT/env"
"""
SECRET = "http://me:s3cret@proxy.example.org:3128"


def built(folder: Path, bundle: str = "", own: bool = False, **environment: str) -> list[str]:
    """Words of ``docker build``."""
    for name in ("bin", "kept", "job", "own"):
        (folder / name).mkdir()
    docker = folder / "bin/docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    for name in ("fetch.sh", "apt.list", "uv"):
        (folder / "job" / name).write_text("")
    with tarfile.open(folder / "context.tar", "w"):
        pass
    if own:
        (folder / "own/ours.crt").write_text("ours")
    script = render(
        "image_build.sh.j2",
        context=str(folder / "context.tar"),
        folder=str(folder),
        bundle=bundle,
        base_file="base.tar",
        layers="",
        uv=str(folder / "job/uv"),
        uid=1000,
        digest="ab",
        exact="pytorch-cuda:v2.9-ab",
        base="debian:bookworm-slim",
    ).replace("/usr/local/share/ca-certificates/", f"{folder}/own/")
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=folder / "job",
        env={
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "KEPT": str(folder / "kept"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (folder / "job/ca.pem").exists()
    assert "s3cret" not in done.stdout + done.stderr
    return (folder / "kept/words").read_text().split()


def test_host_without_either_builds_as_ever(tmp_path: Path) -> None:
    words = built(tmp_path)
    assert "--build-arg" in words and words.count("--build-arg") == 1  # the uid
    assert (tmp_path / "kept/ca.pem").read_text() == ""
    assert "--network" not in words


def test_proxy_goes_by_name_and_its_password_is_in_no_word(tmp_path: Path) -> None:
    words = built(tmp_path, https_proxy=SECRET, HTTPS_PROXY=SECRET, no_proxy="localhost")
    given = {words[i + 1] for i, word in enumerate(words) if word == "--build-arg"}
    assert given == {"https_proxy", "HTTPS_PROXY", "no_proxy", "GPUWRIGHT_UID=1000"}
    assert SECRET in (tmp_path / "kept/env").read_text()


@pytest.mark.parametrize(
    ("proxy", "hosts"),
    [
        ("http://127.0.0.1:3128", True),
        ("http://me:x@localhost:3128", True),
        ("http://[::1]:3128", True),
        ("http://localhost.example.org:3128", False),
        ("http://10.127.0.1:3128", False),
    ],
)
def test_proxy_on_the_host_itself_is_reached_by_its_network(
    tmp_path: Path, proxy: str, hosts: bool
) -> None:
    words = built(tmp_path, http_proxy=proxy)
    assert (words[words.index("--network") + 1] == "host" if "--network" in words else False) is (
        hosts
    )


def test_private_authority_brings_the_host_s_store_as_a_secret(tmp_path: Path) -> None:
    store = tmp_path / "store.crt"
    store.write_text("all of them")
    words = built(tmp_path, own=True, SSL_CERT_FILE=str(store))
    assert "id=ca,src=ca.pem" in words
    assert (tmp_path / "kept/ca.pem").read_text() == "all of them"


def test_store_that_buildkit_would_refuse_is_not_given(tmp_path: Path) -> None:
    store = tmp_path / "store.crt"
    store.write_text("x" * 500_001)
    built(tmp_path, own=True, SSL_CERT_FILE=str(store))
    assert (tmp_path / "kept/ca.pem").read_text() == ""


def test_host_without_an_authority_of_its_own_gives_none(tmp_path: Path) -> None:
    store = tmp_path / "store.crt"
    store.write_text("all of them")
    built(tmp_path, SSL_CERT_FILE=str(store))
    assert (tmp_path / "kept/ca.pem").read_text() == ""


def test_every_step_that_fetches_reads_the_authorities_as_a_secret() -> None:
    text = Path("image/Dockerfile.j2").read_text()
    macro = text[: text.index("{% endmacro %}")]
    assert "--mount=type=secret,id=ca,mode=0444,target={{ dev }}/ca.pem" in macro
    assert "if wheels or name in fetch_steps or name in apt_steps" in macro

"""What repositories answer: the script runs for real, on folders instead of servers.

apt's own downloader reads them by its method ``copy:``, curl by ``file:``.
"""

from __future__ import annotations

import base64
import gzip
import lzma
import shutil
import subprocess
from pathlib import Path

import pytest
from pyinfra.api import FactProcessError

from facts.parse.repository import RepositoryAnswer
from facts.repository import RepositoryOffers

INDEX = """\
Package: libcudnn8
Version: 8.9.7.29-1+cuda11.8
Depends: libc6

Package: libcudnn8
Version: 8.9.6.50-1+cuda11.8

Package: libcudnn8-dev
Version: 8.9.7.29-1+cuda11.8

Package: nsight-systems
Version: 1
"""
REPOMD = """<repomd>
  <data type="filelists"><location href="repodata/f.xml.gz"/></data>
  <data type="primary">
    <checksum type="sha256">0</checksum>
    <location href="repodata/p.xml.gz"/>
  </data>
</repomd>"""
PRIMARY = """<metadata><package type="rpm">
  <name>nvidia-driver</name><arch>x86_64</arch>
  <version epoch="3" ver="580.178.04" rel="1.el9"/>
</package><package type="rpm">
  <name>nvidia-driver-libs</name>
  <version epoch="3" ver="580.178.04" rel="1.el9"/>
</package></metadata>"""


def apt_repository(folder: Path) -> str:
    (folder / "key.pub").write_bytes(b"the key")
    (folder / "Release").write_text("Origin: NVIDIA\nLabel: NVIDIA CUDA\n")
    (folder / "Packages.gz").write_bytes(gzip.compress(INDEX.encode()))
    return f"copy:{folder}/"


def dnf_repository(folder: Path) -> str:
    (folder / "key.pub").write_bytes(b"the key")
    (folder / "repodata").mkdir()
    (folder / "repodata/repomd.xml").write_text(REPOMD)
    (folder / "repodata/p.xml.gz").write_bytes(gzip.compress(PRIMARY.encode()))
    return f"file://{folder}/"


def ask(kind: str, address: str, *packages: str) -> RepositoryAnswer:
    fact = RepositoryOffers()
    command = fact.command(
        repositories=((kind, f"{address}key.pub", address, address),), packages=packages
    )
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return fact.process(done.stdout.splitlines())[0]


@pytest.fixture(autouse=True)
def downloaders() -> None:
    if not Path("/usr/lib/apt/apt-helper").exists() or not shutil.which("curl"):
        pytest.skip("apt-helper or curl is not installed")


def test_apt_repository_tells_key_label_and_all_versions_asked_for(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    answer = ask("apt", apt_repository(tmp_path), "libcudnn8", "cuda-nvcc-11-8")
    assert answer.why is None
    assert answer.key
    assert base64.b64decode(answer.key) == b"the key"
    assert answer.label == "NVIDIA CUDA"
    assert answer.versions == {"libcudnn8": ("8.9.7.29-1+cuda11.8", "8.9.6.50-1+cuda11.8")}


@pytest.mark.parametrize("end", [".xz", ""])
def test_apt_repository_as_nvidia_s_toolkit_has_it_tells_the_same(tmp_path: Path, end: str) -> None:
    tmp_path.chmod(0o755)
    address = apt_repository(tmp_path)
    (tmp_path / "Packages.gz").unlink()
    (tmp_path / "Release").unlink()
    data = lzma.compress(INDEX.encode()) if end else INDEX.encode()
    (tmp_path / f"Packages{end}").write_bytes(data)
    (tmp_path / "InRelease").write_text(f"Label: NVIDIA CUDA\nSHA512:\n 0a 1 Packages{end}\n")
    answer = ask("apt", address, "libcudnn8")
    assert (answer.why, answer.label) == (None, "NVIDIA CUDA")
    assert answer.versions == {"libcudnn8": ("8.9.7.29-1+cuda11.8", "8.9.6.50-1+cuda11.8")}


def test_dnf_repository_tells_versions_without_their_epoch(tmp_path: Path) -> None:
    answer = ask("dnf", dnf_repository(tmp_path), "nvidia-driver")
    assert answer.why is None
    assert answer.versions == {"nvidia-driver": ("580.178.04-1.el9",)}


@pytest.mark.parametrize("missing", ["key.pub", "repodata/repomd.xml", "repodata/p.xml.gz"])
def test_what_cannot_be_fetched_is_named(tmp_path: Path, missing: str) -> None:
    address = dnf_repository(tmp_path)
    (tmp_path / missing).unlink()
    answer = ask("dnf", address, "nvidia-driver")
    assert answer.why is not None
    assert answer.why.startswith(f"{address}{missing} cannot be fetched: curl: (")


def test_apt_key_that_is_not_there_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    answer = ask("apt", f"copy:{tmp_path}/")
    assert (answer.key, answer.label) == (None, None)
    assert f"copy:{tmp_path}/key.pub cannot be fetched: E: " in str(answer.why)


def test_nothing_is_left_on_the_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    ask("dnf", dnf_repository(tmp_path / "repository"), "nvidia-driver")
    assert list((tmp_path / "temporary").iterdir()) == []


def test_host_without_room_for_a_folder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "not-there"))
    answer = ask("dnf", "file:///nowhere/", "nvidia-driver")
    assert answer.key is None
    assert answer.why is not None
    assert answer.why.startswith("no folder can be made for what is fetched: mktemp: ")


def test_proxy_of_host_data_is_used(tmp_path: Path) -> None:
    (tmp_path / "around").write_text("export http_proxy=http://127.0.0.1:9\n")
    fact = RepositoryOffers()
    command = fact.command(
        repositories=(("dnf", *["http://mirror.example.org/"] * 3),),
        surroundings=f"{tmp_path}/around",
    ).replace("--retry 2", "")
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert "127.0.0.1" in str(fact.process(done.stdout.splitlines())[0].why)


def test_answer_that_is_cut_off_fails_the_host_alone() -> None:
    fact = RepositoryOffers()
    fact.command(repositories=(("apt", *["http://mirror.example.org/"] * 3),))
    with pytest.raises(FactProcessError, match="cut off"):
        fact.process(["##gpuwright-probe 1 N", "##N repository 0", "##N @key", "dGhl"])


def test_key_index_and_list_may_lie_in_three_places(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for name in ("dists/bookworm", "dists/bookworm/stable/binary-amd64"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "gpg").write_bytes(b"the key")
    (tmp_path / "dists/bookworm/Release").write_text("Label: Docker CE\n")
    index = b"Package: docker-ce\nVersion: 5:29.8.1-1~debian.12~bookworm\n"
    packages = tmp_path / "dists/bookworm/stable/binary-amd64/Packages.gz"
    packages.write_bytes(gzip.compress(index))
    at = f"copy:{tmp_path}/"
    words = (
        "apt",
        f"{at}gpg",
        f"{at}dists/bookworm/",
        f"{at}{packages.parent.relative_to(tmp_path)}/",
    )
    fact = RepositoryOffers()
    command = fact.command(repositories=(words,), packages=("docker-ce",))
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    (answer,) = fact.process(done.stdout.splitlines())
    assert base64.b64decode(answer.key or "") == b"the key"
    assert answer.label == "Docker CE"
    assert answer.versions == {"docker-ce": ("5:29.8.1-1~debian.12~bookworm",)}

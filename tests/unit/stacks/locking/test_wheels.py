"""Only wheels: no lock allows a file that runs code while it is installed, and no call builds one.

The index is a real one on this machine, and uv and pip are the real ones. Its source package asks
for setuptools, as most do, and its setuptools writes a file as soon as a build imports it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv
from packaging.utils import canonicalize_name, parse_wheel_filename

from stacks.catalog.decode import SchemaError
from stacks.catalog.read import FOLDER, read_locks
from stacks.locking import torch as lock
from stacks.locking import wheels
from tasks.templates import render
from tests import project_lock
from tests.unit.an_index import ANY, Index, forged_setuptools, sdist, serving, wheel

ROOT = FOLDER.parent
LOCKS = [*sorted(FOLDER.glob("**/locks/*.txt")), project_lock.LOCK, project_lock.UV]
TARGET = lock.Target("2.9.1", "cu128", "3.11", "x86_64")


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_each_digest_of_a_lock_is_that_of_a_wheel_of_its_package(path: Path) -> None:
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", path.read_text())[1:]
    assert blocks
    for block in blocks:
        name, version = re.match(r"(\S+)==([^\s;]+)", block).groups()  # type: ignore[union-attr]
        digests = re.findall(r"--hash=sha256:([0-9a-f]{64})\b", block)
        files = re.findall(r"(?m)^    # (?!via)(\S+)$", block.split("    # via")[0])
        assert digests and len(digests) == len(files) == len(set(files)), name
        assert all(file.endswith(".whl") for file in files), name
        for file in files:
            has = parse_wheel_filename(file)
            assert (has[0], str(has[1])) == (canonicalize_name(name), version), file


@pytest.mark.parametrize("path", LOCKS[:-2], ids=lambda path: path.stem)
def test_each_wheel_of_a_stack_s_lock_is_for_its_architecture(path: Path) -> None:
    arch = path.stem.rpartition("-")[2]
    for file in re.findall(r"(?m)^    # (\S+\.whl)$", path.read_text()):
        platforms = {tag.platform for tag in parse_wheel_filename(file)[3]}
        assert all(p == "any" or p.endswith(arch) for p in platforms), file


def test_uv_for_other_architectures_has_the_digests_of_the_project_s_lock() -> None:
    text = project_lock.UV.read_text()
    assert text == project_lock.uv_part(project_lock.LOCK.read_text())
    assert "aarch64.whl" in text and "x86_64.whl" in text


PLACES = ["Makefile", ".ci", ".github", "make", "stacks", "facts", "tasks", "deploys", "image"]
PLACES += ["sandbox", "bench", "tests/hosts", "tests/acceptance", "inventories", "vagrant"]
PLACES += ["packer"]
PLACES += ["gpuwright", "setup.py"]
CALL = re.compile(r"""\bpip['"]?,?\s+['"]?(install|download|wheel|compile|sync)\b""")
OTHERS = {
    "bench/scripts/guide.sh.j2": "what a guide tells people to type, which is measured as it is",
    "bench/scripts/warm.sh.j2": "fills the mirror's cache with what the guide fetches",
    "sandbox/mirror/index.py": "asks for the help text",
    "tests/hosts/test_image.py": "what people type in a container",
    "tests/hosts/test_image_ways.py": "what people type in a container",
}


def texts() -> Iterator[tuple[str, str]]:
    """Path and text of everything that may call uv or pip."""
    for place in PLACES:
        top = ROOT / place
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file() and path.suffix not in (".pyc", ".txt"):
                yield str(path.relative_to(ROOT)), path.read_text(errors="replace")


def calls() -> Iterator[tuple[str, str]]:
    """Every call of uv or pip that looks for packages: its file, and the lines about it."""
    for name, text in texts():
        for found in CALL.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            if name not in OTHERS and not line.lstrip().startswith("#") and "``" not in line:
                yield name, text[max(0, found.start() - 200) : found.end() + 300]


def test_every_call_that_looks_for_packages_takes_only_wheels() -> None:
    found = list(calls())
    assert {
        "stacks/locking/wheels.py",
        "tasks/bundle/wheels.py",
        "tasks/python/uv.py",
        "tasks/templates/cudnn_wheel.sh.j2",
        "make/env.sh",
        "tasks/templates/install_wheels.sh.j2",
        "sandbox/doubles/golang.py",
    } <= {name for name, _ in found}
    for name, text in found:
        assert re.search(r"--only-binary=:all:|wheels_only|\bONLY\b", text), (name, text)


@pytest.mark.parametrize(
    "way",
    [
        r"\buvx\b",
        r"\buv (run|sync|tool|add|build)\b",
        r"\bpipx\b",
        r"\beasy_install\b",
        r"\bsetup\.py\b",
        "--no-build-isolation",
        "--no-binary",
        r"UV_NO_BINARY",
        "PIP_NO_BINARY",
    ],
)
def test_there_is_no_way_round(way: str) -> None:
    assert not [name for name, text in texts() if re.search(way, text)]


def test_every_rendered_script_takes_only_wheels() -> None:
    scripts = [p for p in (ROOT / "tests/unit/golden/files").rglob("*") if p.is_file()]
    lines = [line for p in scripts for line in p.read_text(errors="replace").splitlines()]
    found = [line for line in lines if "pip install" in line and "apt" not in line]
    assert len(found) > 5
    assert not [line for line in found if wheels.ONLY not in line]


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """A mirror in wrong hands: a genuine source package, and a setuptools of its own."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with serving(tmp_path / "index") as made:
        made.put_files(
            "setuptools", {"setuptools-1.0-py3-none-any.whl": forged_setuptools(ran(tmp_path))}
        )
        for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
            monkeypatch.setenv(name, made.address)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
        yield made


def ran(folder: Path) -> Path:
    """What is written as soon as the mirror's own code runs."""
    return folder / "ran"


def install(folder: Path, text: str, *only: str) -> subprocess.CompletedProcess[str]:
    """Install what a lock pins with uv, as scripts of ours do it but for these options."""
    (folder / "lock.txt").write_text(text)
    command = [uv.find_uv_bin(), "pip", "install", *only, "--require-hashes", "--no-deps"]
    command += ["--target", str(folder / "there"), "--python", sys.executable]
    return subprocess.run(
        [*command, "--requirement", str(folder / "lock.txt")], capture_output=True, text=True
    )


def test_the_attack_works_on_who_does_not_say_so(index: Index, tmp_path: Path) -> None:
    text = index.put_files("mpmath", {"mpmath-1.0.tar.gz": sdist("mpmath")})
    install(tmp_path, text)
    assert ran(tmp_path).exists()


def test_genuine_source_package_with_its_digest_in_the_lock_runs_nothing(
    index: Index, tmp_path: Path
) -> None:
    text = index.put_files("mpmath", {"mpmath-1.0.tar.gz": sdist("mpmath")})
    script = render("install_wheels.sh.j2")
    (tmp_path / "lock.txt").write_text(text)
    call = shlex.join([uv.find_uv_bin(), sys.executable, "lock.txt", f"--target={tmp_path}/there"])
    done = subprocess.run(
        ["sh", "-euc", f"sleep() {{ :; }}\n{script}\ninstall_wheels {call}"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 1
    assert "no usable wheels" in " ".join(done.stdout.split())
    assert not ran(tmp_path).exists()


@pytest.mark.parametrize(
    "line", ["-e .", "a==1 --no-binary a", "--index-url x", "a @ x", "a>=1", "./a", "a"]
)
def test_lock_with_anything_but_pins_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "mine.txt").write_text(f"# ours\nb==1 --hash=sha256:{'0' * 64}\n{line}\n")
    with pytest.raises(SchemaError, match=r":3: "):
        read_locks(tmp_path)


def test_the_project_s_own_environment_is_made_of_wheels(index: Index, tmp_path: Path) -> None:
    text = index.put_files("mpmath", {"mpmath-1.0.tar.gz": sdist("mpmath")})
    (tmp_path / "requirements.lock").write_text(text)
    script = (ROOT / "make/env.sh").read_text()
    (words,) = re.findall(r"-m pip (install .*\n.*) -r requirements.lock", script)
    options = words.replace("\\\n", " ").split()
    where = ["--target", str(tmp_path / "there"), "-r", str(tmp_path / "requirements.lock")]
    command = [sys.executable, "-m", "pip", *options, *where]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert "No matching distribution" in done.stderr
    assert not ran(tmp_path).exists()


def test_locking_a_package_takes_the_digests_of_its_wheels(index: Index) -> None:
    files = {"two-1.0.tar.gz": sdist("two")}
    files |= {f"two-1.0-{tag}.whl": wheel("two", tag) for tag in (ANY, "cp311-cp311-win_amd64")}
    _, source, any_wheel, _ = index.put_files("two", files).splitlines()
    text = lock.compile_for(TARGET, ["two"])
    digest = any_wheel.rstrip(" \\")
    assert text == f"two==1.0 \\\n{digest}\n    # two-1.0-{ANY}.whl\n"
    assert source.strip(" \\") not in text


def test_package_without_a_wheel_is_refused_in_plain_words(index: Index, tmp_path: Path) -> None:
    index.put_files("mpmath", {"mpmath-1.0.tar.gz": sdist("mpmath")})
    with pytest.raises(lock.LockError) as refused:
        lock.compile_for(TARGET, ["mpmath==1.0"])
    said = str(refused.value)
    assert "mpmath==1.0 has no wheel for this target. Only wheels are locked:" in said
    assert not ran(tmp_path).exists()


def test_package_whose_wheels_are_for_others_is_refused(index: Index) -> None:
    tag = "cp39-cp39-win_amd64"
    index.put_files(
        "two", {f"two-1.0-{tag}.whl": wheel("two", tag), "two-1.0.tar.gz": sdist("two")}
    )
    with pytest.raises(lock.LockError, match="two"):
        lock.compile_for(TARGET, ["two"])


def test_lines_without_a_known_wheel_are_not_written() -> None:
    with pytest.raises(wheels.LockError, match=r"^a==1 has no wheel"):
        wheels.pinned(f"a==1 \\\n    --hash=sha256:{'0' * 64}\n", {})


def test_what_asks_for_a_package_stays_below_its_files() -> None:
    digest = "1" * 64
    text = f"# head\na==1 ; python_version > '3' \\\n    --hash=sha256:{digest}\n    # via b\n"
    made = wheels.pinned(text, {digest: "a-1-py3-none-any.whl"})
    assert made == text.replace("    # via", "    # a-1-py3-none-any.whl\n    # via")


def test_source_packages_in_uvs_answer_are_no_wheels() -> None:
    line = '{{ url = "http://x/{}", size = 1, hashes = {{ sha256 = "{}" }} }}\n'
    answer = line.format("a-1.tar.gz", "0" * 64) + line.format(
        "a-1%2Bcpu-py3-none-any.whl", "1" * 64
    )
    assert wheels.offered(answer) == {"1" * 64: "http://x/a-1%2Bcpu-py3-none-any.whl"}


def test_sizes_in_uvs_answer_belong_to_the_file_that_they_stand_by() -> None:
    answer = (
        f'wheels = [\n    {{ url = "http://x/a.whl", hashes = {{ sha256 = "{"1" * 64}" }} }},\n'
        f'    {{ url = "http://x/b.whl", upload-time = 2021-05-05T14:18:17Z, size = 11053, '
        f'hashes = {{ sha256 = "{"2" * 64}" }} }},\n]\n'
    )
    assert wheels.sizes(answer) == {"2" * 64: 11053}


def test_environment_of_who_calls_does_not_undo_it(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "UV_NO_BUILD_ISOLATION", "1")
    text = index.put_files("mpmath", {"mpmath-1.0.tar.gz": sdist("mpmath")})
    assert install(tmp_path, text, wheels.ONLY).returncode != 0
    assert not ran(tmp_path).exists()

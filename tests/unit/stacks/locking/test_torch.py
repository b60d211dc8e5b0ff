"""Hash locks: what is shipped, what is asked of uv, what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from packaging.utils import parse_wheel_filename

from stacks.catalog.read import FOLDER
from stacks.load import load_stack
from stacks.locking import jetson as jetson_lock
from stacks.locking import torch as lock
from tests.unit.stacks.hosts import CATALOG

STACK = load_stack("pytorch-2.9")
LOCKS = sorted((FOLDER / "locks").glob("*.txt"))
CU128 = lock.Target("2.9.1", "cu128", "3.11", "x86_64")
CU126 = lock.Target("2.9.1", "cu126", "3.11", "x86_64")


ZERO, SOURCE = "0" * 64, "f" * 64


def a_wheel(name: str, digest: str) -> str:
    """What uv says of the files of one package, as a ``pylock.toml``."""
    file = f"{name}-1-py3-none-any.whl"
    return f'wheels = [{{ url = "http://x/{file}", hashes = {{ sha256 = "{digest}" }} }}]\n'


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[str], str]]:
    """Commands and inputs that would have gone to uv; index requests fail as when unreachable.

    What it is asked about the files of its own answer is not among them.
    """
    calls: list[tuple[list[str], str]] = []

    def run(command: list[str], *, input: str, **_: Any) -> CompletedProcess[str]:
        if "--format=pylock.toml" in command:
            return CompletedProcess(command, 0, a_wheel("a", ZERO), "")
        calls.append((command, input))
        failed = any(word.startswith("--index=") for word in command)
        answer = f"a==1 \\\n    --hash=sha256:{ZERO} \\\n    --hash=sha256:{SOURCE}\n"
        return CompletedProcess(command, int(failed), answer, "no route")

    monkeypatch.setattr(lock.subprocess, "run", run)
    return calls


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_shipped_lock_has_a_hash_per_package_and_no_address(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert "--index" not in text and "--find-links" not in text
    blocks = re.split(r"(?m)^(?=[A-Za-z0-9])", text)[1:]
    assert blocks
    assert all("--hash=sha256:" in block and "==" in block for block in blocks)


@pytest.mark.parametrize(
    "path",
    [path for path in LOCKS if path.stem.startswith("torch") and "jetson" not in path.stem],
    ids=lambda path: path.stem,
)
def test_shipped_lock_pins_what_the_catalogue_says(path: Path) -> None:
    match = re.fullmatch(r"torch-(\d+\.\d+)(\.\d+)-(cu\d+)-cp\d+-(?:x86_64|aarch64)", path.stem)
    assert match
    pins = CATALOG.locks[path.name].packages
    release = CATALOG.pytorch.releases[match[1]]
    assert pins["torch"].split("+")[0] == match[1] + match[2]
    assert "nvidia-ml-py" in pins
    for name, version in release.variants[match[3]].pins.items():
        assert pins[name] == version, name


@pytest.mark.parametrize("python", ["310", "311", "312", "313"])
def test_default_build_is_locked_for_every_python_of_our_distributions(python: str) -> None:
    assert f"torch-2.9.1-cu128-cp{python}-x86_64.txt" in CATALOG.locks


def test_lock_from_a_third_party_s_digest_says_so() -> None:
    text = (FOLDER / "locks" / "torch-2.9.1-cu126-cp311-x86_64.txt").read_text()
    assert "confidence: secondary" in text.splitlines()[1]


def test_targets_are_all_builds_and_pythons_of_the_release() -> None:
    names = {target.name for target in lock.targets(STACK, CATALOG)}
    assert len(names) == 15
    assert "torch-2.9.1-cu130-cp314-x86_64.txt" in names


def test_default_build_is_asked_of_the_configured_index(
    asked: list[tuple[list[str], str]],
) -> None:
    text = lock.make(CU128, STACK, CATALOG)
    ((command, requirements),) = asked
    assert "--generate-hashes" in command and "--no-emit-index-url" in command
    assert not [word for word in command if word.startswith("--index")]
    assert "torch==2.9.1\n" in requirements
    assert "nvidia-ml-py" in requirements
    assert text.splitlines()[0] == "# torch 2.9.1 cu128, Python 3.11, x86_64"


def test_other_build_is_asked_of_pytorch_s_index_or_its_mirror(
    asked: list[tuple[list[str], str]],
) -> None:
    lock.make(CU126, STACK, CATALOG, "https://mirror.example/whl/")
    command, requirements = asked[0]
    assert "--index=https://mirror.example/whl/cu126" in command
    assert "torch==2.9.1+cu126" in requirements


def test_unreachable_index_falls_back_to_the_catalogue_s_digest(
    asked: list[tuple[list[str], str]],
) -> None:
    text = lock.make(CU126, STACK, CATALOG)
    assert "torch==2.9.1+cu126 \\\n    --hash=sha256:57e4f908" in text
    assert "    # torch-2.9.1+cu126-cp311-cp311-manylinux_2_28_x86_64.whl\n" in text
    assert ZERO in text and SOURCE not in text
    assert "confidence: secondary" in text
    assert "nvidia-cublas-cu12==12.6.4.1" in asked[1][1]


@pytest.mark.parametrize(
    ("python", "arch", "known"),
    [("3.14", "aarch64", "cosmos-transfer2.5 alone"), ("3.9", "x86_64", "No public place")],
)
def test_unreachable_index_without_a_digest_names_the_file_and_uv_s_words(
    python: str, arch: str, known: str, asked: list[tuple[list[str], str]]
) -> None:
    tag = f"cp{python.replace('.', '')}"
    target = lock.Target("2.9.1", "cu130", python, arch)
    with pytest.raises(lock.LockError, match="no route") as caught:
        lock.make(target, STACK, CATALOG)
    assert f"torch-2.9.1+cu130-{tag}-{tag}-manylinux_2_28_{arch}.whl" in str(caught.value)
    assert known in str(caught.value)


def test_companions_are_locked_where_their_digest_is_known(
    asked: list[tuple[list[str], str]],
) -> None:
    text = lock.make(lock.Target("2.9.1", "cu130", "3.12", "x86_64"), STACK, CATALOG)
    assert "torchvision==0.24.1+cu130 \\\n    --hash=sha256:6939dd40" in text
    assert "torchaudio" not in text
    assert "pillow" in asked[1][1]
    assert "talmolab/sleap-nn" in text.splitlines()[1]


def test_a_companion_that_the_index_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_for(target: lock.Target, asked: list[str], index: str | None = None) -> str:
        if any(pin.startswith("torchaudio") for pin in asked):
            raise lock.LockError("No solution found when resolving dependencies")
        return "\n".join(asked)

    monkeypatch.setattr(lock, "compile_for", compile_for)
    text = lock.make(CU128, STACK, CATALOG)
    assert "torchvision==0.24.1" in text and "torchaudio" not in text


def test_an_index_that_does_not_answer_is_asked_once(
    asked: list[tuple[list[str], str]],
) -> None:
    lock.make(CU126, STACK, CATALOG)
    assert sum(any(w.startswith("--index=") for w in command) for command, _ in asked) == 1


@pytest.mark.parametrize("name", [p.name for p in LOCKS if p.stem.startswith("torch-")])
def test_a_shipped_lock_takes_from_pytorch_s_index_only_what_enough_places_name(name: str) -> None:
    text = (FOLDER / "locks" / name).read_text()
    known = CATALOG.pytorch.wheels
    blocks = re.findall(
        r"(?m)^torch\w*==\S+\+cu\d+ \\\n    --hash=sha256:(\w+)\n    # (\S+)$", text
    )
    assert bool(blocks) == ("confidence: secondary" in text and "jetson" not in name)
    for digest, file in blocks:
        assert known.rows[file].sha256 == digest
        assert len(set(known.rows[file].seen)) >= known.needed


@pytest.mark.parametrize("file", CATALOG.pytorch.wheels.rows)
def test_no_row_is_of_a_free_threaded_interpreter(file: str) -> None:
    tags = {(tag.interpreter, tag.abi) for tag in parse_wheel_filename(file)[3]}
    assert all(interpreter == abi for interpreter, abi in tags)


@pytest.mark.parametrize(
    "name",
    [
        *(f"torch-2.7.1-cu118-cp3{minor}-x86_64.txt" for minor in (10, 11, 12, 13)),
        *(f"torch-2.9.1-cu130-cp3{minor}-x86_64.txt" for minor in (10, 11, 12, 13, 14)),
        *(f"torch-2.9.1-cu130-cp3{minor}-aarch64.txt" for minor in (11, 12, 13)),
        *(f"torch-2.15.0-cu132-cp3{minor}-x86_64.txt" for minor in (11, 12, 13, 14)),
        *(f"torch-2.15.0-cu132-cp3{minor}-aarch64.txt" for minor in (11, 12, 13, 14)),
    ],
)
def test_locks_whose_digests_are_known_are_shipped(name: str) -> None:
    assert name in CATALOG.locks


def test_a_text_with_an_address_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(lock.LockError, match="address"):
        lock.write(CU128, "--index-url https://mirror.example\n", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_writing_the_same_text_again_changes_nothing(tmp_path: Path) -> None:
    assert lock.write(CU128, "a==1\n", tmp_path) is True
    assert lock.write(CU128, "a==1\n", tmp_path) is False
    assert [path.name for path in tmp_path.iterdir()] == [CU128.name]


def test_a_stack_without_pytorch_has_nothing_to_lock() -> None:
    with pytest.raises(lock.LockError, match="nothing to lock"):
        lock.targets(replace(STACK, torch=None), CATALOG)


def test_lock_for_a_jetson_pins_the_one_wheel_and_resolves_only_what_it_requires(
    asked: list[tuple[list[str], str]],
) -> None:
    stack = load_stack("jetson-torch-2.9")
    target = jetson_lock.target("36.4.7", stack, CATALOG)
    text = jetson_lock.make(target, stack, CATALOG)
    row = target.row
    assert f"torch==2.9.1 \\\n    --hash=sha256:{row.sha256}\n" in text
    ((command, requirements),) = asked
    assert "--python-version=3.10" in command and "torch" not in requirements
    assert not any(word.startswith("--index=") for word in command)


def test_lock_for_a_jetson_with_the_official_wheel_is_the_ordinary_one() -> None:
    target = jetson_lock.target("38.4.0", load_stack("jetson-torch-2.9"), CATALOG)
    assert target.name == "torch-2.9.1-cu130-cp312-aarch64.txt"


def test_lock_for_a_jetson_without_pytorch_is_refused() -> None:
    with pytest.raises(lock.TargetError, match="Jetson Linux 35"):
        jetson_lock.target("35.4.1", load_stack("jetson-torch-2.9"), CATALOG)

"""One archive of gpuwright: the same bytes, plain files alone, and the lock that hosts need."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tasks.pull import archive

LOCK = """\
anyio==4.16.0 \\
    --hash=sha256:aa
    # via httpx
click==8.5.1 \\
    --hash=sha256:bb \\
    --hash=sha256:bc
    # via
    #   import-linter
    #   pyinfra
httpx==0.28.1 \\
    --hash=sha256:cc
    # via gpuwright (pyproject.toml)
pyinfra==3.10.0 \\
    --hash=sha256:dd
    # via gpuwright (pyproject.toml)
six==1 ; python_full_version < '3.11' \\
    --hash=sha256:ee
    # via click
six==2 ; python_full_version >= '3.11' \\
    --hash=sha256:ff
    # via click
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in archive.FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    for room in archive.ROOMS:
        (tmp_path / room / "__pycache__").mkdir(parents=True)
        (tmp_path / room / "a b.py").write_text(f"# {room}\n")
        (tmp_path / room / "__pycache__/a.cpython-311.pyc").write_bytes(b"\0")
    (tmp_path / "requirements.lock").write_text(LOCK)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/no.py").write_text("")
    return tmp_path


def members(made: archive.Archive) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(made.body), mode="r:xz") as opened:
        return {member.name: member for member in opened}


def test_same_files_are_the_same_bytes_whenever_they_were_written(checkout: Path) -> None:
    first = archive.made(checkout, ["pyinfra"])
    for path in checkout.rglob("*"):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert archive.made(checkout, ["pyinfra"]) == first
    (checkout / "tasks/a b.py").write_text("# another\n")
    assert archive.made(checkout, ["pyinfra"]).sha256 != first.sha256


def test_it_holds_the_rooms_and_nothing_that_a_run_left(checkout: Path) -> None:
    found = members(archive.made(checkout, ["pyinfra"]))
    expected = {*archive.FILES, archive.LOCK, *(f"{room}/a b.py" for room in archive.ROOMS)}
    assert {*found} == expected
    assert {(m.uid, m.uname, m.mtime, m.mode) for m in found.values()} == {(0, "", 0, 0o644)}


@pytest.mark.parametrize("target", ["/etc/shadow", "nowhere", "."])
def test_name_that_leads_elsewhere_is_refused(checkout: Path, target: str) -> None:
    (checkout / "stacks/link").symlink_to(target)
    with pytest.raises(ValueError, match="stacks/link is no plain file"):
        archive.made(checkout, ["pyinfra"])


def test_lock_of_hosts_has_what_is_asked_for_and_what_that_needs() -> None:
    part = archive.runtime_lock(LOCK, ["pyinfra"])
    names = [line.split(" ")[0] for line in part.splitlines() if "==" in line]
    assert names == ["click==8.5.1", "pyinfra==3.10.0", "six==1", "six==2"]
    assert part.count("--hash=") == 5


@pytest.mark.parametrize(
    ("lock", "wanted", "said"),
    [(LOCK, "jinja2", "has no line for jinja2"), ("a==1 \\\n    --hash=x\n", "a", "who asks")],
)
def test_lock_that_does_not_tell_is_refused(lock: str, wanted: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        archive.runtime_lock(lock, [wanted])


def test_checkout_of_today_has_a_lock_for_hosts() -> None:
    here = Path(archive.__file__).parents[2]
    needs = archive.project_needs((here / "pyproject.toml").read_text())
    part = archive.runtime_lock((here / archive.LOCK).read_text(), needs)
    assert {"pyinfra", "uv", "jinja2", "cryptography"} <= {*needs}
    for name in ("pyinfra", "gevent", "paramiko", "click"):
        assert f"\n{name}==" in f"\n{part}"
    for name in ("pytest", "mypy", "httpx", "ruff"):
        assert f"\n{name}==" not in f"\n{part}"


def test_project_without_a_list_is_refused() -> None:
    with pytest.raises(ValueError, match="no list"):
        archive.project_needs("[project]\n")

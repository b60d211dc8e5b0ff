"""What a box is made of; whether it boots is for `make test-vagrant` to say."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from sandbox.checkout import SandboxError
from sandbox.roots import build
from vagrant import box

KEY = "ssh-rsa AAAA everybody's\n"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of the sandbox, as far as a box changes it; what runs in it is written down."""
    root = tmp_path / "root"
    for path in (
        "etc/sudoers.d/admin",
        "etc/systemd/system/gpuwright-sandbox.service",
        "etc/systemd/system/sysinit.target.wants/gpuwright-sandbox.service",
        "usr/local/sbin/gpuwright-sandbox",
        "home/vagrant/.profile",
        "ran",
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()

    def run(*words: str) -> str:
        with (root / "ran").open("a") as ran:
            print(*words[2:], file=ran)
        return ""

    monkeypatch.setattr(box, "run", run)
    box.fit(root, KEY)
    return root


def test_nothing_of_the_sandbox_starts_in_a_box(tree: Path) -> None:
    assert not [*tree.rglob("*gpuwright-sandbox*"), *tree.rglob("sudoers.d/admin")]


def test_everybody_can_log_in_until_vagrant_replaces_the_key(tree: Path) -> None:
    keys = tree / "home/vagrant/.ssh/authorized_keys"
    assert keys.read_text() == KEY
    assert [path.stat().st_mode & 0o777 for path in (keys, keys.parent)] == [0o600, 0o700]
    assert "NOPASSWD" in (tree / "etc/sudoers.d/vagrant").read_text()
    assert (tree / "etc/sudoers.d/vagrant").stat().st_mode & 0o777 == 0o440
    assert "chown -R vagrant:vagrant /home/vagrant/.ssh" in (tree / "ran").read_text()


def test_no_two_machines_have_the_same_host_keys(tree: Path) -> None:
    unit = (tree / "etc/systemd/system/ssh.service.d/keys.conf").read_text()
    assert unit.index("ssh-keygen -A") < unit.index("sshd -t")


def test_box_has_what_libvirt_asks_for(tmp_path: Path) -> None:
    disk, made = tmp_path / "disk", tmp_path / "made.box"
    disk.write_bytes(b"QFI\xfb")
    box.pack(disk, made)
    with tarfile.open(made) as archive:
        assert archive.getnames() == ["metadata.json", "Vagrantfile", "box.img"]
        about = archive.extractfile("metadata.json")
        assert about is not None
        assert json.load(about) == {"provider": "libvirt", "format": "qcow2", "virtual_size": 12}


def test_box_is_built_again_only_where_it_would_be_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built: list[str] = []

    def build_it(base: Path, key: str, target: Path) -> None:
        built.append(f"{base.name} {key}")
        target.write_text(key)

    said = {"base": "box-debian-12-1", "key": "one"}
    monkeypatch.setattr(box, "STATE", tmp_path)
    monkeypatch.setattr(box.prepare, "check", lambda: None)
    monkeypatch.setattr(box.vm, "check", lambda: None)
    monkeypatch.setattr(box.build, "box_root", lambda name: tmp_path / said["base"])
    monkeypatch.setattr(box, "_key", lambda: said["key"])
    monkeypatch.setattr(box, "_build", build_it)
    first = box.make()
    assert box.make() == first and built == ["box-debian-12-1 one"]
    for name, value in (("base", "box-debian-12-2"), ("key", "two")):
        said[name] = value
        made = box.make()
        assert built[-1] == f"{said['base']} {said['key']}"
        assert [*(tmp_path / "boxes").iterdir()] == [made]
    assert len(built) == 3


def test_system_without_a_recipe_is_refused() -> None:
    with pytest.raises(SandboxError, match=r"No box of ubuntu-24\.04 can be built here"):
        build.box_root("ubuntu-24.04")

"""The initramfs: asked for many times, made once. The scripts run for real with stand-ins."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tasks.driver import initramfs
from tests.unit.tasks import a_host


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that holds what lies in fixed places on a host."""
    for name in ("DUE", "_FOLDER", "_STAND_IN"):
        monkeypatch.setattr(initramfs, name, str(tmp_path) + getattr(initramfs, name))
    real = tmp_path / "update-initramfs"
    real.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/made\n[ ! -e {tmp_path}/broken ]\n')
    real.chmod(0o755)
    return tmp_path


def run(host: Path, script: str) -> int:
    """Run shell in which the real update-initramfs is the host's own."""
    script = script.replace("/usr/sbin/update-initramfs", f"{host}/update-initramfs")
    return subprocess.run(["sh", "-euc", script], check=False).returncode


def made(host: Path) -> list[str]:
    """What the real update-initramfs was called with."""
    file = host / "made"
    return file.read_text().splitlines() if file.exists() else []


def asked(host: Path, *calls: str) -> None:
    """Put the stand-in there and call it as packages do."""
    assert run(host, initramfs.stand_in()) == 0
    for call in calls:
        assert run(host, f"{initramfs._STAND_IN}/update-initramfs {call}") == 0


def test_what_packages_ask_for_is_put_off_and_made_once(host: Path) -> None:
    asked(host, "-u", "-u", "-u -k 6.1.0-9-amd64", "-u")
    assert made(host) == []
    assert run(host, initramfs.rebuild()) == 0
    assert sorted(made(host)) == ["-u", "-u -k 6.1.0-9-amd64"]
    assert run(host, initramfs.rebuild()) == 0
    assert len(made(host)) == 2


def test_image_of_a_new_kernel_is_made_at_once(host: Path) -> None:
    asked(host, "-c -k 6.1.0-9-amd64")
    assert made(host) == ["-c -k 6.1.0-9-amd64"]


def test_rebuild_that_fails_stays_due(host: Path) -> None:
    asked(host, "-u")
    (host / "broken").touch()
    assert run(host, initramfs.rebuild()) != 0
    (host / "broken").unlink()
    assert run(host, initramfs.rebuild()) == 0
    assert made(host) == ["-u", "-u"]


def test_note_is_seen_in_the_state_of_the_host() -> None:
    state = a_host.done()
    assert not initramfs.due(state)
    assert initramfs.due(replace(state, managed_files={initramfs.DUE: "0" * 64}))

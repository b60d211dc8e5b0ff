"""A virtual machine that is killed while it starts."""

import shutil
import time
from pathlib import Path

import pytest

from sandbox import checkout
from tests.hosts import machine
from tests.hosts.test_sandbox import Sandbox


def test_start_that_was_killed_leaves_nothing_after_clean(tmp_path: Path) -> None:
    if why := machine.lacking():
        pytest.skip(why)
    checkout.ROOTS.mkdir(parents=True, exist_ok=True)
    (tmp_path / "roots").symlink_to(checkout.ROOTS)
    checkout.CACHE.mkdir(exist_ok=True)
    (tmp_path / "cache").symlink_to(checkout.CACHE)
    if (tried := checkout.STATE / "kvm.json").exists():
        shutil.copy(tried, tmp_path)
    box = Sandbox(tmp_path)
    before = box.traces()
    process = box.start("up", "half", "--vm", "--gpu", "h100:8")
    deadline = time.monotonic() + 300
    while not (tmp_path / "hosts/half/console.log").exists() and process.poll() is None:
        assert time.monotonic() < deadline, "it does not start"
        time.sleep(0.05)
    process.kill()
    process.wait()
    assert (tmp_path / "hosts/half/disk/disk.qcow2").exists()
    done = box.command("clean")
    assert done.returncode == 0, done.stderr
    after = box.traces()
    assert set(after.pop("folders")) <= {*before.pop("folders"), "locks"} - {"kvm.json"}
    assert after == before

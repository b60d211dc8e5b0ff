"""The guard's metrics for node_exporter: in whoever's folder that is, and nothing of root's."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path

import pytest

from tasks.guard import program
from tests.unit.tasks.a_guarded_host import NEW, OLD, GuardedHost

TEXTFILES = "var/lib/prometheus/node-exporter"


def test_textfile_is_written_where_node_exporter_reads(host: GuardedHost) -> None:
    host.run("now")
    usual = host.root / "var/lib/prometheus/node-exporter"
    usual.mkdir(parents=True)
    host.run("now")
    lines = (usual / "gpuwright.prom").read_text().splitlines()
    assert f'gpuwright_next_boot_ready{{kernel="{OLD}"}} 1' in lines
    assert [p.name for p in usual.iterdir()] == ["gpuwright.prom"]


def test_textfile_goes_where_host_data_say(host: GuardedHost) -> None:
    (host.root / "var/lib/prometheus/node-exporter").mkdir(parents=True)
    (host.root / "srv/metrics").mkdir(parents=True)
    host.settings["TEXTFILE"] = "/srv/metrics"
    host.kernel(NEW)
    host.run("now")
    assert f'ready{{kernel="{NEW}"}} 0' in host.read("srv/metrics/gpuwright.prom")
    assert host.read("var/lib/prometheus/node-exporter/gpuwright.prom") == ""


def of_nobody(path: Path) -> Path:
    """Something that another user put there."""
    os.chown(path, 65534, 65534, follow_symlinks=False)
    return path


def open_to_all(folder: Path) -> None:
    """Let others than root enter the folders on the way, as on a real host."""
    for one in (folder, *folder.parents):
        one.chmod(one.stat().st_mode | 0o1)


@pytest.mark.skipif(os.getuid() != 0, reason="gives folders to another user")
@pytest.mark.parametrize("there", ["nothing", "link", "hard link", "FIFO", "old text"])
def test_textfile_in_a_folder_of_another_user_is_written_as_that_user(
    there: str, host: GuardedHost
) -> None:
    secret = host.write("secret", "root's\n")
    secret.chmod(0o600)
    usual = host.root / "var/lib/prometheus/node-exporter"
    usual.mkdir(parents=True)
    open_to_all(of_nobody(usual))
    target = usual / "gpuwright.prom"
    if there == "link":
        target.symlink_to(secret)
    elif there == "hard link":
        os.link(secret, target)
    elif there == "FIFO":
        os.mkfifo(target)
    elif there == "old text":
        of_nobody(host.write(str(target.relative_to(host.root)), "old\n"))
    host.run("now")
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == ("root's\n", 0o600)
    assert "gpuwright_next_boot_ready" in target.read_text()
    seen = target.lstat()
    assert (seen.st_uid, seen.st_mode & 0o777) == (65534, 0o644)
    assert [one.name for one in usual.iterdir()] == ["gpuwright.prom"]


@pytest.mark.skipif(os.getuid() != 0, reason="gives folders to another user")
@pytest.mark.parametrize("way", ["folder", "folder above"])
def test_textfile_folder_that_leads_to_one_of_roots_gets_nothing(
    way: str, host: GuardedHost
) -> None:
    roots = host.root / "etc/cron.d"
    roots.mkdir(parents=True)
    theirs = host.root / "home/user"
    theirs.mkdir(parents=True)
    open_to_all(of_nobody(theirs))
    (theirs / "metrics").symlink_to(roots if way == "folder" else roots.parent)
    of_nobody(theirs / "metrics")
    host.settings["TEXTFILE"] = "/home/user/metrics" + ("/cron.d" if way == "folder above" else "")
    said = host.run("now")
    assert list(roots.iterdir()) == []
    assert "could not be written" in said and "belongs to nobody" in said
    assert host.record["ready"] is True


@pytest.mark.skipif(os.getuid() != 0, reason="has another user's rights")
def test_textfile_folder_for_a_group_is_written_without_roots_rights(host: GuardedHost) -> None:
    usual = host.root / "var/lib/prometheus/node-exporter"
    usual.mkdir(parents=True)
    os.chown(usual, 0, 65534)
    usual.chmod(0o775)
    open_to_all(usual)
    host.run("now")
    assert (usual / "gpuwright.prom").stat().st_uid == 65534


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a file system")
@pytest.mark.parametrize("where", ["var/lib/gpuwright", "var/lib/prometheus/node-exporter", "run"])
def test_full_disk_leaves_what_was_told_before(where: str, host: GuardedHost) -> None:
    for folder in ("var/lib/gpuwright", "var/lib/prometheus/node-exporter", "run/gpuwright"):
        (host.root / folder).mkdir(parents=True, exist_ok=True)
    place = host.root / where
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k,mode=755", "gpuwright-test", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("no file systems can be mounted here")
    try:
        host.run("now")
        before = {f: host.read(f) for f in (program.RECORD, f"{TEXTFILES}/gpuwright.prom")}
        with contextlib.suppress(OSError), (place / "rest").open("wb") as rest:
            while rest.write(b"x" * 4096):
                rest.flush()
        host.kernel(NEW)
        said = host.run("now")
        kept = {"var/lib/gpuwright": [program.RECORD], "run": [*before]}.get(
            where, [f"{TEXTFILES}/gpuwright.prom"]
        )
        for file in kept:
            assert host.read(file) == before[file]
        assert "full?" in said or where == "run"
        assert not list(place.rglob(".gpuwright*"))
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)

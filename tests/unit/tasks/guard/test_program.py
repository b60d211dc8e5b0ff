"""The guard's program: what it sees, builds, tells and chooses."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.guard import program
from tests.plain_shell import assert_plain
from tests.unit.tasks.a_guarded_host import BUILD, DRIVER, NEW, OLD, GuardedHost, chosen

TEXTFILES = "var/lib/prometheus/node-exporter"


def test_kernel_with_its_module_is_ready(host: GuardedHost) -> None:
    host.run("now")
    assert (host.record["kernel"], host.record["ready"]) == (OLD, True)
    assert host.record["driver"] == DRIVER


def test_new_kernel_without_headers_is_not_ready_and_nothing_is_built(host: GuardedHost) -> None:
    host.kernel(NEW)
    host.run("watch")
    assert (host.record["kernel"], host.record["ready"]) == (NEW, False)
    assert host.record["why"] == "it has no NVIDIA module; the kernel's headers are not installed"
    assert host.read("built") == ""


def test_new_kernel_with_headers_gets_its_module(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    assert "is built" in host.run("watch")
    assert host.record["ready"] is True
    assert host.read("built") == f"{NEW}\n"


def test_looking_only_builds_nothing(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    host.run("now")
    assert (host.record["ready"], host.record["why"]) == (False, "it has no NVIDIA module")
    assert host.read("built") == ""


def test_module_of_another_version_is_built_again(host: GuardedHost) -> None:
    host.kernel(NEW, "535.309.01", headers=True)
    host.run("now")
    assert "535.309.01" in host.record["why"]
    host.run("watch")
    assert host.record["ready"] is True


def test_module_of_another_kernel_does_not_count(host: GuardedHost) -> None:
    host.kernel(NEW, DRIVER)
    module = f"lib/modules/{NEW}/updates/dkms/nvidia.ko"
    host.write(module, f"version: {DRIVER}\nvermagic: {OLD} SMP\n")
    host.run("now")
    assert host.record["why"].startswith(f"its module was built for {OLD}")


def test_module_that_depmod_has_not_seen_is_made_known(host: GuardedHost) -> None:
    host.write(f"lib/modules/{OLD}/modules.dep", "")
    host.run("now")
    assert host.record["ready"] is True


@pytest.mark.parametrize("name", ["nvidia-uvm.ko", "nvidia-drm.ko", "nvidiafb.ko", "i2c-nvidia.ko"])
def test_other_modules_are_not_taken_for_the_driver(host: GuardedHost, name: str) -> None:
    host.kernel(NEW)
    host.write(f"lib/modules/{NEW}/extra/{name}", "version: 1\n")
    host.write(f"lib/modules/{NEW}/modules.dep", f"extra/{name}:\n")
    host.run("now")
    assert host.record["ready"] is False


@pytest.mark.parametrize("name", ["nvidia.ko", "nvidia-current.ko.xz", "nvidia-tesla-470.ko.zst"])
def test_driver_is_known_under_its_debian_names_and_compressed(
    host: GuardedHost, name: str
) -> None:
    host.kernel(NEW)
    host.write(f"lib/modules/{NEW}/extra/{name}", f"version: {DRIVER}\n")
    host.write(f"lib/modules/{NEW}/modules.dep", f"extra/{name}: extra/other.ko\n")
    host.run("now")
    assert host.record["ready"] is True


def test_build_that_failed_is_tried_again_by_hand_only(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    host.write("build-fails", "")
    assert "failed" in host.run("watch")
    assert "journalctl -u gpuwright-guard" in host.record["why"]
    (host.root / "build-fails").unlink()
    assert "building it" not in host.run("watch")
    assert "is built" in host.run()
    assert host.record["ready"] is True


def test_host_without_dkms_says_that_a_package_is_missing(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    shutil.rmtree(host.root / "usr/src")
    host.run("watch")
    assert "it must come as a package" in host.record["why"]


def test_host_without_a_driver_is_told_of_and_left_in_peace(host: GuardedHost) -> None:
    host.write("bin/ldconfig", "#!/bin/sh\n")
    host.settings["MOTD"] = "/var/lib/gpuwright/next-boot.motd"
    host.run("watch")
    assert (host.record["ready"], host.record["why"]) == (False, "no NVIDIA driver is installed")
    assert host.read(host.settings["MOTD"]) == ""


def test_other_kernels_without_a_module_are_waiting(host: GuardedHost) -> None:
    host.kernel(NEW)
    host.grub(NEW, OLD, default="gnulinux-advanced-U>gnulinux-6.1.0-55-amd64-advanced-U")
    host.run("now")
    assert (host.record["kernel"], host.record["ready"]) == (OLD, True)
    assert list(host.record["waiting"]) == [NEW]


def test_record_stays_as_it_is_while_the_answer_does(host: GuardedHost) -> None:
    host.run("now")
    place = host.root / program.RECORD.lstrip("/")
    before = place.stat()
    host.run("now")
    after = place.stat()  # the access time is the reader's
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    host.kernel(NEW)
    host.run("now")
    assert place.stat().st_ino != before.st_ino


def test_message_of_the_day_is_there_while_not_ready(host: GuardedHost) -> None:
    motd = host.settings["MOTD"] = "/etc/motd.d/gpuwright"
    host.run("now")
    assert host.read(motd) == ""
    host.kernel(NEW)
    host.run("now")
    assert f"kernel {NEW} boots next" in host.read(motd)
    assert f"kernel-devel-{NEW}" in host.read(motd)
    host.kernel(NEW, DRIVER)
    host.run("now")
    assert not (host.root / motd.lstrip("/")).exists()


def test_nothing_is_built_while_a_job_of_ours_is_at_work(host: GuardedHost) -> None:
    """The job ends after a while: the build comes then."""
    host.kernel(NEW, headers=True)
    text = f"#!/bin/sh\n[ -e {host.root}/built ] && echo early >>{host.root}/wrong\n"
    text += f"[ -e {host.root}/asked ] || echo gpuwright-dkms.service loaded active running\n"
    host.write("bin/systemctl", text + f": >{host.root}/asked\n")
    host.run("watch")
    assert (host.read("built"), host.read("wrong")) == (f"{NEW}\n", "")


def test_unit_that_only_stays_active_is_no_work(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    host.write("jobs", "gpuwright-guard.service loaded active running\n")
    with (host.root / "jobs").open("a") as jobs:
        jobs.write("gpuwright-something.service loaded active exited\n")
    host.run("watch")
    assert host.read("built") == f"{NEW}\n"


def hold_dpkg_lock(host: GuardedHost) -> Path:
    """Somebody works with dpkg; give the file that says so."""
    inode = host.write("var/lib/dpkg/lock-frontend", "").stat().st_ino
    return host.write("proc/locks", f"1: POSIX  ADVISORY  WRITE 7 08:01:{inode} 0 EOF\n")


def test_nothing_is_looked_at_in_the_middle_of_a_transaction(host: GuardedHost) -> None:
    host.quiet_s = 1
    locks = hold_dpkg_lock(host)
    with subprocess.Popen([host.program(), "watch"], stdout=subprocess.PIPE, text=True) as guard:
        time.sleep(0.6)
        assert host.read(program.RECORD) == ""
        host.kernel(NEW, headers=True)
        locks.write_text("")
        guard.wait(30)
    assert (host.record["kernel"], host.record["ready"]) == (NEW, True)


def test_build_gives_way_to_a_package_manager_and_comes_back(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    host.build = '[ -e "$R/begun" ] || { : >"$R/begun"; sleep 60; : >"$R/not-stopped"; }\n' + BUILD
    with subprocess.Popen([host.program(), "watch"], stdout=subprocess.PIPE, text=True) as guard:
        wait_until(lambda: (host.root / "begun").exists())
        locks = hold_dpkg_lock(host)
        wait_until(lambda: not sleeping(host))
        assert host.read("built") == ""
        locks.write_text("")
        said, _ = guard.communicate(timeout=30)
    assert "the build waits" in said
    assert (host.read("built"), host.record["ready"]) == (f"{NEW}\n", True)
    assert not (host.root / "not-stopped").exists()


def test_guard_that_is_stopped_leaves_no_build_behind(host: GuardedHost) -> None:
    host.kernel(NEW, headers=True)
    host.build = ': >"$R/begun"; sleep 60\n'
    with subprocess.Popen([host.program(), "watch"]) as guard:
        wait_until(lambda: (host.root / "begun").exists())
        guard.terminate()
        guard.wait(10)
    wait_until(lambda: not sleeping(host))
    assert list((host.root / "run/gpuwright").iterdir()) == []


def sleeping(host: GuardedHost) -> bool:
    """Whether a build is under way."""
    told = subprocess.run(
        ["pgrep", "-f", f"{host.root}.* build "], check=False, capture_output=True
    )
    return told.returncode == 0


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# ---- the policy "follow"


@pytest.fixture
def follower(host: GuardedHost) -> GuardedHost:
    """A host with GRUB that follows, and boots its only kernel."""
    host.settings["POLICY"] = "follow"
    host.grub(OLD)
    host.run("adopt")
    host.run("now")
    assert host.saved == chosen(OLD)
    return host


def test_new_kernel_without_a_module_does_not_become_the_choice(follower: GuardedHost) -> None:
    follower.kernel(NEW)
    follower.grub(NEW, OLD)
    follower.run("watch")
    assert follower.saved == chosen(OLD)
    assert (follower.record["kernel"], follower.record["ready"]) == (OLD, True)
    assert list(follower.record["waiting"]) == [NEW]


def test_new_kernel_becomes_the_choice_when_its_module_is_built(follower: GuardedHost) -> None:
    follower.kernel(NEW, headers=True)
    follower.grub(NEW, OLD)
    assert f"{chosen(NEW)}' from now on" in follower.run("watch")
    assert follower.saved == chosen(NEW)
    assert (follower.record["kernel"], follower.record["ready"]) == (NEW, True)


def test_choice_goes_back_when_the_newest_has_lost_its_module(follower: GuardedHost) -> None:
    follower.kernel(NEW, DRIVER)
    follower.grub(NEW, OLD)
    follower.run("watch")
    follower.kernel(NEW)
    (follower.root / f"lib/modules/{NEW}/updates/dkms/nvidia.ko").unlink()
    follower.run("watch")
    assert follower.saved == chosen(OLD)


def test_choice_stays_where_no_kernel_is_ready(follower: GuardedHost) -> None:
    follower.library("590.1.1")
    follower.run("watch")
    assert (follower.saved, follower.record["ready"]) == (chosen(OLD), False)


def test_somebodys_own_choice_stays_and_is_told(follower: GuardedHost) -> None:
    follower.kernel(NEW, DRIVER)
    follower.grub(NEW, OLD)
    follower.write("boot/grub/grubenv", "saved_entry=gnulinux-simple-U\n")
    said = follower.run("watch")
    assert follower.saved == "gnulinux-simple-U"
    assert "somebody chose" in said
    follower.write("boot/grub/grubenv", "")
    follower.run("watch")
    assert follower.saved == chosen(NEW)


def test_choice_for_once_is_left_alone_and_told(follower: GuardedHost) -> None:
    follower.kernel(NEW)
    follower.grub(NEW, OLD)
    env = follower.read("boot/grub/grubenv")
    follower.write("boot/grub/grubenv", f"{env}next_entry=0\n")
    follower.run("watch")
    assert "next_entry=0" in follower.read("boot/grub/grubenv")
    assert (follower.record["kernel"], follower.record["ready"]) == (NEW, False)


def test_release_gives_the_choice_back_to_grub(follower: GuardedHost) -> None:
    follower.run("release")
    assert follower.saved == ""


def test_release_leaves_somebodys_choice(follower: GuardedHost) -> None:
    follower.write("boot/grub/grubenv", "saved_entry=mine\n")
    follower.run("release")
    assert follower.saved == "mine"


def test_free_policy_moves_nothing(host: GuardedHost) -> None:
    host.grub(OLD)
    host.run("watch")
    assert host.saved == ""


# ---- the Red Hat family: entries are files, and a new kernel makes itself the default


@pytest.fixture
def rocky(host: GuardedHost) -> GuardedHost:
    """A host with boot loader entries, which follows."""
    host.write("boot/grub2/grub.cfg", 'set default="${saved_entry}"\nblscfg\n')
    host.write("etc/sysconfig/kernel", "UPDATEDEFAULT=yes\nDEFAULTKERNEL=kernel-core\n")
    bls(host, OLD)
    host.write("boot/grub/grubenv", f"saved_entry=abc-{OLD}\n")
    host.settings["POLICY"] = "follow"
    host.run("adopt")
    return host


def bls(host: GuardedHost, kernel: str) -> None:
    host.write(f"boot/loader/entries/abc-{kernel}.conf", f"title x\nlinux /vmlinuz-{kernel}\n")


def test_new_kernel_of_the_red_hat_family_waits_for_its_module(rocky: GuardedHost) -> None:
    rocky.kernel(NEW)
    bls(rocky, NEW)
    rocky.run("watch")
    assert rocky.saved == f"abc-{OLD}"
    rocky.kernel(NEW, headers=True)
    rocky.run("watch")
    assert (rocky.saved, rocky.record["kernel"]) == (f"abc-{NEW}", NEW)


def test_new_kernel_no_longer_makes_itself_the_default(rocky: GuardedHost) -> None:
    assert "UPDATEDEFAULT=no # gpuwright" in rocky.read("etc/sysconfig/kernel")
    rocky.kernel(NEW)
    bls(rocky, NEW)
    rocky.run("release")
    assert rocky.read("etc/sysconfig/kernel").startswith("UPDATEDEFAULT=yes\n")
    assert rocky.saved == f"abc-{NEW}"


def test_rescue_entry_is_no_kernel(rocky: GuardedHost) -> None:
    bls(rocky, "0-rescue-123")
    rocky.write("boot/vmlinuz-0-rescue-123", "")
    rocky.run("now")
    assert rocky.record["waiting"] == {}


def test_program_is_plain_shell() -> None:
    assert_plain(program.program(), "SC1091")

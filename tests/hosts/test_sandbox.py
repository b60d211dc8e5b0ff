"""The sandbox's promises, on real hosts.

Hosts here belong to a sandbox of their own, below a temporary folder, so that `clean` can be
tried while other hosts of this checkout run. Root images and downloads are the checkout's.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import checkout
from sandbox.roots import build
from tests.hosts.able import needs_hosts

pytestmark = needs_hosts()


class Sandbox:
    """A sandbox in a folder of its own, used through its command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "GPUWRIGHT_SANDBOX_DIR": str(folder)}
        show = "from sandbox.checkout import MARK; print(MARK)"
        self.mark = self._python("-c", show).stdout.strip()

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return self._python("-m", "sandbox", *words)

    def up(self, name: str, *words: str) -> dict[str, Any]:
        done = self.command("up", name, "--json", *words)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)[0]
        return found

    def ssh(self, name: str, command: str) -> "subprocess.CompletedProcess[str]":
        return self.command("ssh", name, command)

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            [sys.executable, "-m", "sandbox", *words],
            cwd=checkout.SOURCE,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _python(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *words],
            cwd=checkout.SOURCE,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def traces(self) -> dict[str, list[str]]:
        """All on this machine that names this sandbox's mark or folder."""

        def naming(lines: list[str]) -> list[str]:
            return sorted(x for x in lines if self.mark in x or str(self.folder) in x)

        def output(*argv: str) -> list[str]:
            done = subprocess.run(argv, capture_output=True, text=True, check=True)
            return done.stdout.splitlines()

        processes = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    about = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                except OSError:
                    continue
                processes.append(about.replace(b"\0", b" ").decode(errors="replace"))
        files = output("find", "/run", "/sys/fs/cgroup", "-name", f"*{self.mark}*")
        return {
            "processes": naming(processes),
            "mounts": naming(Path("/proc/self/mountinfo").read_text().splitlines()),
            "addresses and links": naming(output("ip", "-o", "address")),
            "rules": naming(output("iptables-save")),
            "files": naming(files),
            "folders": sorted(path.name for path in self.folder.iterdir()),
        }


@pytest.fixture(scope="module")
def images() -> Path:
    """The checkout's root images, with Debian 12 among them."""
    build.root("debian-12")
    return checkout.ROOTS


def _sandbox(folder: Path) -> Iterator[Sandbox]:
    box = Sandbox(folder)
    yield box
    done = box.command("clean")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def box(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    (folder / "roots").symlink_to(images)
    checkout.CACHE.mkdir(exist_ok=True)
    (folder / "cache").symlink_to(checkout.CACHE)
    yield from _sandbox(folder)


@pytest.fixture
def own_box(images: Path, tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox for one test alone."""
    (tmp_path / "roots").symlink_to(images)
    yield from _sandbox(tmp_path)


@pytest.fixture(scope="module")
def plain(box: Sandbox) -> str:
    """An online host without GPUs."""
    box.up("plain")
    return "plain"


def test_host_comes_up_as_a_healthy_system(box: Sandbox, plain: str) -> None:
    assert box.ssh(plain, "systemctl is-system-running --wait").stdout == "running\n"


def test_bare_host_has_a_kernel_but_no_headers_compiler_or_python(box: Sandbox, plain: str) -> None:
    assert "vmlinuz" in box.ssh(plain, "ls /boot").stdout
    for command in ("gcc", "make", "python3"):
        assert box.ssh(plain, f"command -v {command}").returncode != 0
    assert box.ssh(plain, "ls -d /usr/src/linux-headers-*").returncode != 0


def test_running_host_is_given_back_as_it_is(box: Sandbox, plain: str) -> None:
    before = box.ssh(plain, "cat /proc/sys/kernel/random/boot_id").stdout
    box.up(plain)
    assert box.ssh(plain, "cat /proc/sys/kernel/random/boot_id").stdout == before


def test_other_spec_under_the_same_name_is_refused_with_the_way_out(
    box: Sandbox, plain: str
) -> None:
    done = box.command("up", plain, "--gpu", "t4")
    assert done.returncode == 1
    assert "gpus is ()" in done.stderr
    assert "--fresh" in done.stderr


def test_fresh_forgets_the_old_disk(box: Sandbox) -> None:
    box.up("short")
    box.ssh("short", "touch /root/old")
    box.up("short", "--fresh", "--gpu", "t4")
    assert box.ssh("short", "ls /root/old").returncode != 0
    box.command("down", "short")


def test_hosts_do_not_share_disk_processes_or_units(box: Sandbox, plain: str) -> None:
    box.up("other")
    box.ssh(plain, "touch /root/here; systemd-run --quiet --unit=mine sleep 600")
    assert box.ssh("other", "ls /root/here").returncode != 0
    assert box.ssh("other", "systemctl is-active mine").stdout == "inactive\n"
    assert box.ssh("other", "pgrep -x sleep").returncode != 0
    assert box.ssh(plain, "systemctl is-active mine").stdout == "active\n"
    box.ssh(plain, "systemctl stop mine")


def test_lspci_shows_the_mix_of_gpus(box: Sandbox) -> None:
    box.up("mixed", "--gpu", "h100:2", "--gpu", "t4", "--gpu", "k80")
    seen = box.ssh("mixed", "lspci -n -d 10de:").stdout.split("\n")
    assert [line.split()[2] for line in seen if line] == [
        "10de:2330",
        "10de:2330",
        "10de:1eb8",
        "10de:102d",
    ]


def test_host_without_gpus_sees_none_and_nothing_of_this_machine(box: Sandbox, plain: str) -> None:
    assert box.ssh(plain, "lspci -d 10de:").stdout == ""
    assert len(box.ssh(plain, "lspci").stdout.splitlines()) == 3


def test_admin_becomes_root_and_nosudo_does_not(box: Sandbox, plain: str) -> None:
    host = box.up(plain)
    argv = ["ssh", "-F", "/dev/null", "-i", host["key"], "-o", "StrictHostKeyChecking=yes"]
    argv += ["-o", f"UserKnownHostsFile={host['known_hosts']}", "-o", "BatchMode=yes"]

    def sudo(user: str) -> "subprocess.CompletedProcess[str]":
        command = [*argv, f"{user}@{host['address']}", "sudo -n id -u"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert sudo("admin").stdout == "0\n"
    assert sudo("nosudo").returncode == 1


def test_ssh_refuses_a_host_with_another_key(box: Sandbox, plain: str) -> None:
    known = Path(box.up(plain)["known_hosts"])
    right = known.read_text()
    other = box.up("other")
    wrong = Path(other["known_hosts"]).read_text().replace(other["address"], right.split()[0])
    known.write_text(wrong)
    try:
        refused = box.ssh(plain, "true")
    finally:
        known.write_text(right)
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr


def test_online_host_reaches_its_package_archive(box: Sandbox, plain: str) -> None:
    done = box.ssh(plain, "apt-get update")
    assert done.returncode == 0, done.stdout + done.stderr


def test_offline_host_gets_nowhere_even_with_a_route(box: Sandbox, plain: str) -> None:
    mirror = box.up(plain)["mirror_url"].split("//")[1].replace(":", "/")
    host = box.up("island", "--offline")
    assert box.ssh("island", "ip route show default").stdout == ""
    address = host["address"].rsplit(".", 1)
    gateway = f"{address[0]}.{int(address[1]) - 1}"
    assert box.ssh("island", f"ip route add default via {gateway}").returncode == 0
    assert box.ssh("island", f"timeout 2 bash -c 'echo > /dev/tcp/{mirror}'").returncode != 0
    update = "apt-get update -o Acquire::Retries=0 -o Acquire::http::Timeout=2"
    assert "Failed to fetch" in box.ssh("island", f"timeout 20 {update}").stderr


def test_delay_is_seen_in_the_round_trip(box: Sandbox) -> None:
    box.up("far", "--delay", "200")
    started = time.monotonic()
    assert box.ssh("far", "true").returncode == 0
    # Connecting and key exchange alone are more than two round trips.
    assert time.monotonic() - started >= 2 * 0.2


def test_rate_is_set_in_both_directions(box: Sandbox) -> None:
    box.up("slow", "--rate", "20")
    shape = subprocess.run(["tc", "qdisc"], capture_output=True, text=True, check=True).stdout
    assert "rate 20Mbit" in "".join(x for x in shape.splitlines() if box.mark in x)
    assert "rate 20Mbit" in box.ssh("slow", "tc qdisc show dev host0").stdout


def test_second_host_gets_packages_from_the_cache(box: Sandbox, plain: str) -> None:
    get = "cd /tmp && apt-get update -q && apt-get download -q hello"
    assert box.ssh(plain, get).returncode == 0
    log = box.folder / "mirror" / "mirror.log"
    seen = len(log.read_text())
    box.up("other")
    assert box.ssh("other", get).returncode == 0
    lines = [x for x in log.read_text()[seen:].splitlines() if x.endswith(".deb")]
    assert [line.split()[1] for line in lines] == ["hit"]


def test_faults_hit_one_host_only(box: Sandbox, plain: str) -> None:
    other = box.up("other")
    faults = box.folder / "mirror" / "faults.json"
    faults.write_text(json.dumps({other["address"]: {"down": True}}))
    try:
        update = "apt-get update -q -o Acquire::Retries=0 -o APT::Update::Error-Mode=any"
        assert box.ssh("other", update).returncode != 0
        assert box.ssh(plain, update).returncode == 0
    finally:
        faults.unlink()


def test_power_cut_keeps_the_disk(box: Sandbox) -> None:
    box.up("cut", "--gpu", "v100")
    box.ssh("cut", "echo kept > /root/file; sync")
    boot = box.ssh("cut", "cat /proc/sys/kernel/random/boot_id").stdout
    box.command("kill", "cut")
    assert box.ssh("cut", "true").returncode == 255
    box.up("cut", "--gpu", "v100")
    assert box.ssh("cut", "cat /root/file").stdout == "kept\n"
    assert box.ssh("cut", "cat /proc/sys/kernel/random/boot_id").stdout not in ("", boot)


def test_host_reboots_by_itself(box: Sandbox, plain: str) -> None:
    boot = box.ssh(plain, "cat /proc/sys/kernel/random/boot_id").stdout
    box.ssh(plain, "reboot")
    _wait_for(
        lambda: box.ssh(plain, "cat /proc/sys/kernel/random/boot_id").stdout not in ("", boot)
    )


def test_mirror_that_died_is_started_again(box: Sandbox, plain: str) -> None:
    record = json.loads((box.folder / "mirror" / "mirror.json").read_text())
    os.kill(record["process"]["pid"], signal.SIGKILL)
    box.up(plain)
    assert box.ssh(plain, "apt-get update").returncode == 0


@pytest.mark.parametrize(
    ("point", "reached"),
    [
        ("record", lambda box: (box.folder / "hosts/half/host.json").exists()),
        ("mirror", lambda box: (box.folder / "mirror/mirror.json").exists()),
        ("disk", lambda box: (box.folder / "hosts/half/root/etc").exists()),
        ("namespace", lambda box: Path(f"/run/netns/{box.mark}-half").exists()),
        ("container", lambda box: (box.folder / "hosts/half/console.log").exists()),
        ("relay", lambda box: (box.folder / "hosts/half/relay.log").exists()),
    ],
)
def test_up_killed_half_way_leaves_nothing_after_clean(
    own_box: Sandbox, point: str, reached: Callable[[Sandbox], bool]
) -> None:
    before = own_box.traces()
    process = own_box.start("up", "half", "--gpu", "h100:8", "--delay", "5", "--rate", "50")
    _wait_for(lambda: reached(own_box) or process.poll() is not None)
    process.kill()
    process.wait()
    assert reached(own_box), f"up ended before it came to the {point}"
    namespace = _namespace(own_box, "half")
    assert own_box.command("clean").returncode == 0
    assert _without_locks(own_box.traces()) == _without_locks(before)
    assert _inhabitants(namespace) == []


def test_up_killed_while_building_a_root_leaves_nothing_after_clean(own_box: Sandbox) -> None:
    (own_box.folder / "roots").unlink()
    before = own_box.traces()
    process = own_box.start("up", "half")
    _wait_for(lambda: bool(list(own_box.folder.glob("roots/*.part/var/lib/dpkg"))))
    process.kill()
    process.wait()
    assert own_box.command("clean", "--cache").returncode == 0
    assert _without_locks(own_box.traces()) == _without_locks(before)


def test_next_up_after_a_killed_one_works(own_box: Sandbox) -> None:
    process = own_box.start("up", "half")
    _wait_for(lambda: (own_box.folder / "hosts/half/console.log").exists())
    process.kill()
    process.wait()
    own_box.up("half")
    assert own_box.ssh("half", "systemctl is-system-running --wait").stdout == "running\n"


def test_last_host_down_gives_everything_back(own_box: Sandbox) -> None:
    before = own_box.traces()
    own_box.up("one")
    own_box.up("two")
    namespace = _namespace(own_box, "one")
    assert len(_inhabitants(namespace)) > 3
    own_box.command("down", "one", "two")
    assert _inhabitants(namespace) == []
    after = own_box.traces()
    for kind in ("processes", "mounts", "addresses and links", "rules", "files"):
        assert after[kind] == before[kind]


def test_two_up_at_once_get_hosts_of_their_own(own_box: Sandbox) -> None:
    processes = [own_box.start("up", name) for name in ("one", "two", "three")]
    assert [process.wait() for process in processes] == [0, 0, 0]
    listed = json.loads(own_box.command("list", "--json").stdout)
    assert len({host["address"] for host in listed}) == 3
    assert all(host["running"] for host in listed)


def test_clean_leaves_a_mount_that_it_did_not_make(own_box: Sandbox, tmp_path: Path) -> None:
    own_box.up("one")
    elsewhere = tmp_path.with_name(tmp_path.name + "-not-ours")
    elsewhere.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(elsewhere)], check=True)
    try:
        own_box.command("clean")
        assert elsewhere.is_mount()
    finally:
        subprocess.run(["umount", str(elsewhere)], check=True)
        shutil.rmtree(elsewhere)


def _wait_for(reached: Callable[[], bool], limit_s: float = 60) -> None:
    deadline = time.monotonic() + limit_s
    while not reached():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.002)


def _namespace(box: Sandbox, name: str) -> int | None:
    """The inode that stands for a host's network namespace, if it was made."""
    file = Path(f"/run/netns/{box.mark}-{name}")
    return file.stat().st_ino if file.exists() else None


def _inhabitants(namespace: int | None) -> list[int]:
    """Ids of the processes in this network namespace: a container's, even when nothing else
    tells whose it was.
    """
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "ns/net").stat().st_ino == namespace:
                found.append(int(entry.name))
    return found


def _without_locks(traces: dict[str, list[str]]) -> dict[str, list[str]]:
    """Lock files stay, since somebody may be waiting for one; `roots` and `cache` are links."""
    kept = [name for name in traces["folders"] if name not in ("locks", "roots", "cache")]
    return {**traces, "folders": kept}

"""May the kernel move: what host data ask for, what stands against it, what is undone."""

from __future__ import annotations

import hashlib
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from facts.host import probe_script
from facts.model.boot import BootMenu
from facts.model.host import HostState
from facts.model.packages import Package
from facts.model.system import Unit
from tasks.deploy import GPU_HOST
from tasks.guard import kernel_guard, kernel_holds, program
from tasks.guard.policy import decided, findings
from tasks.hostdata import host as host_data
from tasks.packages import versionlock
from tasks.steps import files
from tests.unit.facts import golden_hosts
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import package, with_packages
from tests.unit.tasks.packages.test_apt import Machine

MENU = BootMenu("/boot/grub/grub.cfg", "0", "/etc/default/grub", False, None)


def debian(**menu: object) -> HostState:
    """A Debian host with GRUB."""
    state = a_host.done()
    return replace(state, kernels=replace(state.kernels, menu=replace(MENU, **menu)))  # type: ignore[arg-type]


def rocky(update_default: str | None = "yes", next_boot: str | None = None) -> HostState:
    """A Rocky host with GRUB and two kernels."""
    state = golden_hosts.state("rocky-9-managed-h100.txt")
    menu = BootMenu("/boot/grub2/grub.cfg", "saved", "/etc/default/grub", False, update_default)
    newest = [k.release for k in state.kernels.installed if k.bootable][-1]
    kernels = replace(state.kernels, menu=menu, next_boot=next_boot or newest)
    return replace(state, kernels=kernels)


def test_host_with_grub_follows_by_default() -> None:
    assert decided(debian(), None).name == "follow"
    assert decided(rocky(), None).name == "follow"


def test_host_without_grub_is_free_by_default_and_nothing_is_found_wrong() -> None:
    policy = decided(a_host.done(), None)
    assert (policy.name, policy.why) == ("free", "GRUB is not here")
    assert findings(policy, ["linux-image-amd64"], GPU_HOST) == []


@pytest.mark.parametrize("setting", ["hold", "free"])
def test_policy_is_kept_with_and_without_grub(setting: str) -> None:
    assert decided(debian(), setting).name == decided(a_host.done(), setting).name == setting


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (a_host.done(), "GRUB is not here"),
        (debian(default="1>2"), "GRUB_DEFAULT=1>2"),
        (debian(default="saved"), "GRUB_DEFAULT=saved"),
        (debian(saves=True), "GRUB_SAVEDEFAULT"),
        (rocky("no"), "UPDATEDEFAULT=no"),
        (rocky(next_boot="5.14.0-1.el9.x86_64"), "not the newest kernel"),
    ],
)
def test_somebodys_own_choice_is_left_and_named(state: HostState, why: str) -> None:
    assert decided(state, None).name == "free"
    policy = decided(state, "follow")
    (finding,) = findings(policy, [], GPU_HOST)
    assert (policy.name, finding.code, finding.level) == ("free", "KERNEL-POLICY", "WARN")
    assert why in finding.observed


def test_our_own_mark_on_the_red_hat_family_is_no_obstacle() -> None:
    ours = rocky("no # gpuwright: the kernel guard chooses", next_boot="5.14.0-1.el9.x86_64")
    assert decided(ours, None).name == "follow"


def test_kernel_that_is_loose_under_hold_is_found() -> None:
    (finding,) = findings(decided(debian(), "hold"), ["linux-image-amd64"], GPU_HOST)
    assert finding.remedy == "run deploys/gpu_host.py again"
    assert "linux-image-amd64" in finding.observed


@pytest.mark.parametrize("setting", ["Hold", "none", 1, True])
def test_unknown_policy_is_refused_with_the_known_ones(setting: object) -> None:
    with pytest.raises(ValueError, match="one of hold, follow, free"):
        host_data.guard_settings({"kernel_policy": setting})


@pytest.mark.parametrize("setting", ["metrics", 1, "/srv/x "])
def test_textfile_folder_must_be_a_path(setting: object) -> None:
    with pytest.raises(ValueError, match="textfile_folder"):
        host_data.guard_settings({"textfile_folder": setting})


# ---- packages of the kernel

KERNEL_PACKAGES = ("linux-image-amd64", f"linux-image-{a_host.KERNEL}", "linux-headers-amd64")


def with_kernel() -> HostState:
    """A Debian host with kernel packages, others of the same letters, and an own kernel hold."""
    others = ("linux-base", "linux-libc-dev", "linux-modules-nvidia-580-generic", "linux-perf")
    state = with_packages(debian(), *(package(n, "6.1.1-1") for n in (*KERNEL_PACKAGES, *others)))
    kept = {n: p for n, p in state.packages.items() if not n.startswith("linux-") or p.installed}
    return replace(state, packages=kept)


def test_kernel_packages_are_images_headers_and_what_brings_them() -> None:
    names = {p.name for p in kernel_holds.packages(with_kernel())}
    assert set(KERNEL_PACKAGES) <= names
    assert not names & {"linux-base", "linux-libc-dev", "linux-modules-nvidia-580-generic"}


def test_every_version_of_a_kernel_is_locked_under_its_own_name() -> None:
    state = rocky()
    found = kernel_holds.packages(state)
    assert {p.name for p in found} >= {"kernel-core", "kernel-devel"}
    cores = [p for p in found if p.name == "kernel-core"]
    assert len(cores) == 2
    script = kernel_holds.script(state)
    for core in cores:
        assert f"kernel-core-0:{core.version}.*" in script


APT_MARK = """\
case $1 in
showhold) cat "$HELD" 2>/dev/null ;;
hold) echo "$2" >>"$HELD" ;;
unhold) sed -i "/^$2\\$/d" "$HELD" ;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    found = Machine(tmp_path)
    found.write("apt-mark", APT_MARK.replace("$HELD", str(tmp_path / "held")))
    return found


def here(script: str, folder: Path) -> str:
    for path in ("/opt/gpuwright", "/etc/apt", "/etc/dnf"):
        script = script.replace(path, f"{folder}{path}")
    return script


def test_release_ends_our_holds_and_leaves_those_of_others(
    tmp_path: Path, machine: Machine
) -> None:
    held = tmp_path / "held"
    held.write_text("linux-image-amd64\nhello\n")
    for _ in range(2):
        done = machine.run(here(kernel_holds.script(with_kernel()), tmp_path))
        assert done.returncode == 0, done.stderr
    assert set(KERNEL_PACKAGES) <= set(held.read_text().split())
    assert (tmp_path / kernel_holds.PINS.lstrip("/")).exists()
    done = machine.run(here(kernel_holds.released(), tmp_path))
    assert done.returncode == 0, done.stderr
    assert held.read_text().split() == ["linux-image-amd64", "hello"]
    assert not (tmp_path / kernel_holds.PINS.lstrip("/")).exists()


def test_release_leaves_the_drivers_locks(tmp_path: Path) -> None:
    place = tmp_path / "versionlock.list"
    set_block = f"{versionlock.BEGIN}\na-0:1-1.*\n{versionlock.END}\n"
    kernel_block = set_block.replace("gpuwright", versionlock.KERNEL)
    place.write_text(f"mine-0:1-1.*\n{kernel_block}{set_block}")
    script = versionlock.released(versionlock.KERNEL).replace(versionlock.LIST, str(place))
    subprocess.run(["sh", "-ec", script], check=True)
    assert place.read_text() == f"mine-0:1-1.*\n{set_block}"


# ---- the step


def guarded(state: HostState, policy: str) -> HostState:
    """The host after the step, as far as files and units tell."""
    written = kernel_guard._files(state, replace(decided(state, None), name=policy), "")
    managed = {f.path: hashlib.sha256(f.text.encode()).hexdigest() for f in written}
    managed["/etc/systemd/system/multi-user.target.wants/gpuwright-guard.service"] = "0" * 64
    units = {"gpuwright-guard.path": Unit("gpuwright-guard.path", "active", "enabled")}
    return replace(state, managed_files=managed, units={**state.units, **units})


@pytest.mark.parametrize("policy", ["follow", "free"])
def test_guarded_host_is_left_alone(policy: str) -> None:
    state = guarded(debian(), policy)
    assert kernel_guard.settled(state, decided(state, policy), "")
    assert kernel_guard.forecast(state, policy, "") == []


def test_host_is_not_settled_while_another_policys_files_are_there() -> None:
    state = guarded(debian(), "follow")
    assert not kernel_guard.settled(state, decided(state, "free"), "")
    held = replace(state, managed_files={**state.managed_files, kernel_holds.LIST: "0" * 64})
    assert not kernel_guard.settled(held, decided(held, "follow"), "")


def test_stopped_watch_is_started_again() -> None:
    state = guarded(debian(), "follow")
    off = Unit("gpuwright-guard.path", "failed", "enabled")
    state = replace(state, units={**state.units, "gpuwright-guard.path": off})
    assert not kernel_guard.settled(state, decided(state, "follow"), "")


def test_held_kernel_is_settled_only_with_every_package_held() -> None:
    state = guarded(with_kernel(), "hold")
    found = kernel_holds.packages(state)
    texts = dict(kernel_holds._texts(state))
    digests = {p: hashlib.sha256(t.encode()).hexdigest() for p, t in texts.items()}
    managed = {**state.managed_files, **digests, kernel_holds.LIST: "0" * 64}
    manager = replace(state.package_manager, holds=tuple(p.name for p in found))
    state = replace(state, managed_files=managed, package_manager=manager)
    policy = decided(state, "hold")
    assert kernel_guard.settled(state, policy, "")
    fresh = with_packages(state, package("linux-image-6.1.0-99-amd64", "6.1.2-1"))
    assert not kernel_guard.settled(fresh, policy, "")


@pytest.mark.parametrize("policy", ["hold", "follow", "free"])
@pytest.mark.parametrize("state", [with_kernel(), rocky()], ids=["apt", "dnf"])
def test_shell_accepts_the_script(policy: str, state: HostState) -> None:
    script = kernel_guard.script(state, decided(state, policy), "/srv/it's a folder")
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)


def test_grub_is_told_only_when_the_choice_is_a_ready_kernel() -> None:
    script = kernel_guard.script(debian(), decided(debian(), "follow"), "")
    order = [script.index(word) for word in ("kernel-guard now", "update-grub\n")]
    assert order == sorted(order)


def test_files_of_the_guard_are_seen_by_the_probe() -> None:
    """A file that the probe does not list would be written at each run."""
    probe = probe_script()
    for policy in ("follow", "free"):
        for manager in ("apt", "dnf"):
            for file in program.written(policy, manager, ""):
                folder, _, name = file.path.rpartition("/")
                ours = folder.startswith("/opt/gpuwright")
                assert ours or ("gpuwright" in name and f"{folder}/*gpuwright*" in probe), file.path


@pytest.mark.parametrize(("state", "folder"), [(debian(), "/boot/grub"), (rocky(), "/boot/grub2")])
def test_folder_of_the_menu_is_watched_where_it_is(state: HostState, folder: str) -> None:
    (unit,) = [
        f.text for f in kernel_guard._files(state, decided(state, None), "") if ".path" in f.path
    ]
    assert f"PathChanged={folder}\n" in unit
    bare = replace(state, kernels=replace(state.kernels, menu=None))
    (unit,) = [
        f.text for f in kernel_guard._files(bare, decided(bare, None), "") if ".path" in f.path
    ]
    assert "grub" not in unit


def test_settings_survive_the_shell() -> None:
    text = program.settings("follow", "apt", "/srv/it's $HOME")
    done = subprocess.run(
        ["sh", "-uc", f'{text}\nprintf %s "$POLICY|$TEXTFILE"'],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "follow|/srv/it's $HOME"


def test_header_stands_in_every_file_of_the_guard() -> None:
    for file in program.written("follow", "apt", ""):
        if file.path != program.MENU:
            assert re.search(re.escape(files.HEADER.strip()), file.text), file.path


def test_package_of_a_single_kernel_keeps_its_name() -> None:
    state = with_packages(rocky(), Package("kernel-core", "5.14.0-9.el9", "ii", None))
    assert "kernel-core" in {p.name for p in kernel_holds.packages(state)}

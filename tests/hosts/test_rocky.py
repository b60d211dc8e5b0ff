"""Rocky Linux 8 and 9 with NVIDIA's dnf repository, on hosts that present as such.

dnf, rpm, module streams, version locks, gpg and DKMS are real; the repositories are doubles with
real names, versions and dependencies (docs/sandbox.md). The tests follow each other on one host
per release.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from facts.host import probe_command
from facts.model.host import HostState
from facts.parse import parse_host
from sandbox import hosts
from sandbox.checkout import SOURCE
from sandbox.commands import run
from sandbox.doubles import rocky_kernel, rpm
from sandbox.doubles.nvidia_dnf import DnfDouble
from sandbox.hosts import HostSpec, SandboxHost
from stacks.model.support import Part
from tests.hosts import carried_out, nvidia_rows, runner, ward
from tests.hosts.carried_out import carries_out
from tests.hosts.lab import Lab, Made, Run

WITHOUT = ["torch", "cudnn"]
"""Both come as wheels of gigabytes: Rocky 9 gets them by its first runs, and later ones pass over
them."""
CUDA: dict[Part, str] = {"cuda": "11.8 nvidia compile"}
OLD, NEW = "580.159.04", "580.178.04"
NEWER, NEWEST = "580.200.01", "580.210.02"
FOREIGN = "/etc/yum.repos.d/cuda-rhel9.repo"
MONITORING, COMPANY = "/etc/yum.repos.d/monitoring.repo", "/etc/yum.repos.d/company.repo"


@dataclass(frozen=True)
class Rocky:
    """A host, the double that it takes for NVIDIA's repository, and a folder for inventories."""

    host: SandboxHost
    double: DnfDouble
    folder: Path

    def data(self, **more: Any) -> dict[str, Any]:
        """Host data for a run."""
        theirs = self.double.host_data(self.host.mirror_url or "")
        return {"without": WITHOUT, **theirs, **more}

    def lab(self, **more: Any) -> Lab:
        """The host, with an inventory that says so."""
        data = runner.host_data(self.host, **self.data(**more))
        return Lab(self.host, runner.inventory(self.folder, **{self.host.name: data}))

    def run(self, *words: str, **more: Any) -> Run:
        """Run ``deploys/gpu_host.py``: really, or as ``words`` say."""
        return self.lab(**more).pyinfra(*(words or ("-y",)))

    def sh(self, command: str) -> str:
        """Run a shell command on the host, which must succeed; gives its standard output."""
        done = self.host.run(command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def state(self) -> HostState:
        """The host as the probe sees it."""
        return parse_host(self.host.run(probe_command()).stdout.splitlines())

    def versions(self) -> dict[str, str]:
        """Versions of the driver's packages."""
        told = self.sh("rpm -qa --qf '%{NAME} %{VERSION}\\n' '*nvidia*'")
        return dict(line.split() for line in told.splitlines())


def rocky(release: str, gpu: str, folder: Path) -> Iterator[Rocky]:
    double = DnfDouble(f"rhel{release}", f"rocky{release}").reset()
    host = hosts.up(HostSpec(f"rocky{release}", f"rocky-{release}", gpus=(gpu,)), fresh=True)
    yield Rocky(host, double, folder)
    double.reset()
    host.down()


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rocky]:
    """Rocky 9 with two kernels, and with NVIDIA's own ``.repo`` file, as its guide says."""
    for one in rocky("9", "h100", tmp_path_factory.mktemp("nine")):
        address = one.data()["mirrors"]["nvidia"]
        one.sh(
            f"printf '[cuda-rhel9-x86_64]\\nname=cuda\\nbaseurl={address}rhel9/x86_64\\n"
            f"enabled=1\\ngpgcheck=0\\n' >{FOREIGN}"
        )
        yield one


@pytest.fixture(scope="module")
def whole(nine: Rocky) -> Made:
    """Predicted, made with CUDA, cuDNN and PyTorch, and made again."""
    runs = [nine.run(word, without=[]) for word in ("--dry", "-y", "-y")]
    return Made(*runs)


@pytest.fixture(scope="module")
def nine_done(nine: Rocky, whole: Made) -> Run:
    """The first run that passes over cuDNN and PyTorch, for those that follow it."""
    return nine.run()


@pytest.fixture(scope="module")
def eight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rocky]:
    """Rocky 8, bare, with a GPU that the open modules do not drive, and a dead repository."""
    for one in rocky("8", "v100", tmp_path_factory.mktemp("eight")):
        dead_repository(one, MONITORING, "monitoring")
        yield one


def dead_repository(one: Rocky, file: str, name: str) -> None:
    """A repository where nobody listens."""
    lines = f"[{name}]\\nname={name}\\nbaseurl=http://127.0.0.1:9/\\nenabled=1\\ngpgcheck=0\\n"
    one.sh(f"printf '{lines}' >{file}")


def test_bare_rocky_9_becomes_a_gpu_host(nine: Rocky, whole: Made) -> None:
    assert whole.first.code == 0, whole.first.told
    assert "verdict OK, proof: none" in whole.first.report
    assert set(nine.versions().values()) == {NEW}


def test_prediction_names_what_the_run_changes(whole: Made) -> None:
    assert whole.predicted.code == 0, whole.predicted.told
    assert whole.predicted.predicted("rocky9") == whole.first.changed("rocky9")


def test_second_run_of_all_parts_changes_nothing(whole: Made) -> None:
    assert (whole.second.code, whole.second.changed("rocky9")) == (0, set()), whole.second.told


@carries_out(
    "rocky-9",
    double={
        "driver": f"{NEW} open nvidia",
        **CUDA,
        "cudnn": "8.9.6.50 wheels",
        "torch": "torch-2.9.1-cu128-cp311-x86_64",
    },
)
@pytest.mark.usefixtures("whole")
def test_all_parts_are_carried_out(request: pytest.FixtureRequest, nine: Rocky) -> None:
    carried_out.shown(request, nine.lab(without=[]))


def test_every_kernel_has_its_module(nine: Rocky, whole: Made) -> None:
    state = nine.state()
    kernels = [k.release for k in state.kernels.installed if k.bootable]
    assert len(kernels) == 2
    built = {(m.kernel, (m.vermagic or "").split()[0], m.version) for m in state.driver.modules}
    assert built == {(kernel, kernel, NEW) for kernel in kernels}


def test_repository_file_of_others_is_kept_aside(nine: Rocky, whole: Made) -> None:
    assert FOREIGN + ".gpuwright-old" in whole.first.told.replace("\n", "")
    assert nine.sh(f"ls {FOREIGN}*") == f"{FOREIGN}.gpuwright-old"


def test_acceptance_of_rocky_9(nine: Rocky, whole: Made) -> None:
    passed, said, _ = nvidia_rows.accept(nine.lab(without=[]).inventory)
    assert passed, said
    # What is not planned here is not checked; what is planned is.
    assert "test_holds_dnf.py" not in said, said


def accepted(one: Rocky) -> None:
    """The checks that users run against their own inventory."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider"]
        + ["tests/acceptance", "--inventory", str(one.lab().inventory)],
        cwd=SOURCE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    # What is not planned here is not checked; what is planned is.
    assert "test_holds_dnf.py" not in done.stdout, done.stdout


def test_second_run_after_a_newer_driver_was_published_changes_nothing(
    nine: Rocky, nine_done: Run
) -> None:
    nine.double.publish(NEWER)
    again = nine.run()
    assert (again.code, again.changed("rocky9")) == (0, set()), again.told


def test_upgrades_move_nothing_of_the_set(nine: Rocky, nine_done: Run) -> None:
    before = nine.sh("rpm -qa '*nvidia*' '*cuda*' 'lib*11-8' | sort")
    offered = nine.sh("dnf -q repoquery --refresh --disableplugin=versionlock nvidia-driver-cuda")
    assert NEWER in offered
    nine.sh("dnf -y upgrade && dnf -y distro-sync")
    automatic = "import sys; sys.argv=['']; import dnf.automatic.main as m; "
    nine.sh(f"python3 -c \"{automatic}m.main(['--installupdates'])\"")
    assert nine.sh("rpm -qa '*nvidia*' '*cuda*' 'lib*11-8' | sort") == before


def test_point_release_by_name_that_the_hosts_lists_do_not_know_yet(
    nine: Rocky, nine_done: Run
) -> None:
    nine.double.publish(NEWEST)
    newest = nine.run(driver_version=NEWEST)
    assert newest.code == 0, newest.told
    assert set(nine.versions().values()) == {NEWEST}


def test_older_point_release_by_name(nine: Rocky, nine_done: Run) -> None:
    older = nine.run(driver_version=OLD)
    assert older.code == 0, older.told
    assert set(nine.versions().values()) == {OLD}
    assert {m.version for m in nine.state().driver.modules} == {OLD}
    # Its packages are locked too: an upgrade does not bring the newer ones back.
    nine.sh("dnf -y upgrade")
    assert set(nine.versions().values()) == {OLD}


# ------------------------------------------------------------------------ the kernel guard


def publish(one: Rocky, *packages: rpm.Rpm) -> None:
    """Let the distribution's repository have these packages too."""
    folder = one.host.rootfs / "usr/share/gpuwright-sandbox/repositories/baseos"
    for file in rpm.build(packages):
        shutil.copy(file, folder)
    shutil.rmtree(folder / "repodata")
    run("createrepo_c", "--quiet", "--no-database", str(folder))


GUARD = "Kernel guard and policy"
KERNEL = "5.14.0-999.1.1.el9_4"


def test_held_kernel_is_moved_by_no_upgrade(nine: Rocky, nine_done: Run) -> None:
    predicted = nine.run("--dry", driver_version=OLD, kernel_policy="hold")
    held = nine.run(driver_version=OLD, kernel_policy="hold")
    assert held.code == 0, held.told
    assert predicted.predicted("rocky9") == held.changed("rocky9") == {GUARD}
    publish(nine, *rocky_kernel.kernel(KERNEL))
    offered = nine.sh("dnf -q repoquery --refresh --disableplugin=versionlock kernel-core")
    assert KERNEL in offered
    nine.sh("dnf -y upgrade")
    assert KERNEL not in nine.sh("rpm -q kernel-core")
    again = nine.run(driver_version=OLD, kernel_policy="hold")
    assert (again.code, again.changed("rocky9")) == (0, set()), again.told


def test_another_policy_undoes_the_hold_and_leaves_the_drivers_locks(
    nine: Rocky, nine_done: Run
) -> None:
    freed = nine.run(driver_version=OLD)
    assert (freed.code, freed.changed("rocky9")) == (0, {GUARD}), freed.told
    locks = nine.sh("dnf -q versionlock list")
    assert "kernel-core" not in locks and "nvidia-driver-cuda" in locks


def test_module_that_is_gone_is_built_again_by_the_guard(nine: Rocky, nine_done: Run) -> None:
    newest = nine.state().kernels.next_boot
    nine.sh(f"rm -r /lib/modules/{newest}/extra; depmod {newest}; mkdir /usr/src/something")
    wait_for(nine, "is built", "var/log/guard", "journalctl -u gpuwright-guard -o cat")
    assert newest in {m.kernel for m in nine.state().driver.modules}


def test_kernel_without_headers_is_told_at_the_next_login(nine: Rocky, nine_done: Run) -> None:
    nine.sh("dnf -y upgrade")
    assert KERNEL in nine.sh("rpm -q kernel-core")
    wait_for(nine, f"kernel-devel-{KERNEL}", "etc/motd.d/gpuwright")
    assert json.loads(nine.sh("cat /var/lib/gpuwright/next-boot.json"))["ready"] is False
    assert set(nine.versions().values()) == {OLD}


def test_headers_that_lack_are_installed_by_the_repair_and_the_module_is_built(
    nine: Rocky, nine_done: Run
) -> None:
    assert [f.code for f in ward.judged(nine.host).findings] == ["D2"]
    publish(nine, rocky_kernel.devel(KERNEL, nine.host.rootfs))
    nine.sh("dnf -q makecache --refresh")
    assert [f.code for f in ward.judged(nine.host).findings] == ["D1"]
    data = nine.data(driver_version=OLD)
    repaired = runner.run(nine.host, nine.folder, deploy=ward.REPAIR, **data)
    assert repaired.code == 0, repaired.said
    assert f"kernel-devel-{KERNEL}" in nine.sh("rpm -q kernel-devel")
    ward.healthy(nine.host)
    ward.left_alone(nine.host, nine.folder, **data)


def test_vanished_version_is_refused_with_what_is_there(eight: Rocky) -> None:
    eight.double.withdraw(NEW)
    with untouched(eight):
        refused = eight.run()
    eight.double.reset()
    assert refused.code != 0
    assert "VERSION-GONE" in refused.told and NEW in refused.told and OLD in refused.told


def test_rotated_key_is_refused_until_its_fingerprint_is_given(eight: Rocky) -> None:
    known = eight.data()
    new = eight.double.rotate_key()
    with untouched(eight):
        refused = eight.run(fingerprints=known["fingerprints"])
    assert refused.code != 0
    assert "REPO-KEY" in refused.told and new in refused.told
    # Its own fingerprint is in the data of every later run.
    accepted_now = eight.run("--dry")
    assert accepted_now.code == 0, accepted_now.told


def test_package_that_is_not_whole_is_not_installed(eight: Rocky) -> None:
    eight.double.corrupt("nvidia-driver-cuda-580.178.04-*.rpm")
    failed = eight.run()
    eight.double.reset()
    assert failed.code != 0
    assert "checksum doesn't match" in failed.told
    assert eight.versions() == {}
    assert eight.state().package_manager.streams == {}


def test_index_of_another_key_than_the_published_one_is_not_read(eight: Rocky) -> None:
    eight.double.sign_with_stranger()
    failed = eight.run()
    eight.double.reset()
    assert failed.code != 0
    assert "GPG signature verification error" in failed.told
    assert eight.versions() == {}


def test_dead_repository_that_may_be_the_distributions_ends_the_run_by_its_name(
    eight: Rocky,
) -> None:
    dead_repository(eight, COMPANY, "company-baseos")
    failed = eight.run()
    eight.sh(f"rm {COMPANY}")
    assert failed.code != 0
    assert "company-baseos" in failed.told and "Traceback" not in failed.told
    assert eight.versions() == {}


@carries_out("rocky-8", double={"driver": "570.211.01 proprietary nvidia", **CUDA})
def test_power_cut_while_the_driver_is_installed_is_fixed_by_the_next_run(
    request: pytest.FixtureRequest, eight: Rocky
) -> None:
    eight.lab(driver_branch="570")
    process = runner.start(eight.folder)
    with runner.killed_at_the_end(process):
        wait_for(eight, "Running transaction", "/var/lib/gpuwright/jobs/driver/log")
        eight.host.kill()
    eight.host.boot()
    again = eight.run(driver_branch="570")
    assert again.code == 0, again.told
    assert set(eight.versions().values()) == {"570.211.01"}
    assert eight.sh("dnf -q check --duplicates") == ""
    carried_out.shown(request, eight.lab(driver_branch="570"))


def wait_for(one: Rocky, words: str, file: str, fill: str = "") -> None:
    """Wait until a file on the host holds these words; ``fill`` is shell that prints it again."""
    path = one.host.rootfs / file.lstrip("/")
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if fill:
            one.sh(f"{fill} >/{file.lstrip('/')}")
        if path.exists() and words in path.read_text(errors="replace"):
            return
        time.sleep(0.02)
    raise AssertionError(f"{file} never said {words!r}")


def test_branch_is_not_changed_unasked(eight: Rocky) -> None:
    with untouched(eight):
        refused = eight.run()
    assert refused.code != 0
    assert "DRIVER-BRANCH" in refused.told


def test_move_between_streams_by_name(eight: Rocky) -> None:
    """570 goes, 580 comes, in one transaction, with its stream, modules and locks."""
    predicted = eight.run("--dry", driver_branch="580")
    moved = eight.run(driver_branch="580")
    assert moved.code == 0, moved.told
    assert predicted.predicted("rocky8") == moved.changed("rocky8")
    assert set(eight.versions().values()) == {NEW}
    state = eight.state()
    assert state.package_manager.streams == {"nvidia-driver": "580-dkms"}
    assert {m.version for m in state.driver.modules} == {NEW}
    assert "nvidia-driver-cuda" in state.package_manager.holds


@carries_out("rocky-8", double={"driver": f"{NEW} proprietary nvidia", **CUDA})
def test_second_run_after_the_move_changes_nothing(
    request: pytest.FixtureRequest, eight: Rocky
) -> None:
    again = eight.run(driver_branch="580")
    assert (again.code, again.changed("rocky8")) == (0, set()), again.told
    carried_out.shown(request, eight.lab(driver_branch="580"))


def test_dead_repository_of_others_stopped_no_run_and_is_as_it_was(eight: Rocky) -> None:
    """It is there since before the first run; dnf itself cannot go on with it."""
    assert set(eight.versions().values()) == {NEW}
    assert eight.sh(f"head -n 1 {MONITORING}") == "[monitoring]"
    alone = eight.host.run("dnf -q makecache --setopt=skip_if_unavailable=False")
    assert alone.returncode != 0 and "monitoring" in alone.stderr
    # The acceptance asks dnf itself.
    eight.sh(f"rm {MONITORING}")


def test_acceptance_of_rocky_8(eight: Rocky) -> None:
    accepted(eight)


class untouched:  # noqa: N801
    """The host is after the block as it was before it: packages, repositories, streams, files."""

    LOOK = (
        "rpm -qa | sort; find /etc /opt /usr/local /var/lib/gpuwright /usr/src -xdev "
        "-printf '%p %y %s %C@ %l\\n' 2>/dev/null | sort"
    )

    def __init__(self, one: Rocky) -> None:
        self.one = one

    def __enter__(self) -> None:
        self.before = self.one.sh(self.LOOK)

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            assert self.one.sh(self.LOOK) == self.before

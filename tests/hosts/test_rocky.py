"""Rocky Linux 9 with NVIDIA's dnf repository, on a host that presents as such.

dnf, rpm, version locks, gpg and DKMS are real; the repositories are doubles with real names,
versions and dependencies (docs/sandbox.md). The tests follow each other on one host.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from sandbox.commands import run
from sandbox.doubles import rocky_kernel, rpm
from tests.hosts import carried_out, nvidia_rows, runner, ward
from tests.hosts.carried_out import carries_out
from tests.hosts.lab import Made, Run
from tests.hosts.rocky_lab import CUDA, NEW, OLD, Rocky, rocky, wait_for

NEWER, NEWEST = "580.200.01", "580.210.02"
FOREIGN = "/etc/yum.repos.d/cuda-rhel9.repo"


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

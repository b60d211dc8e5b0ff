"""Login, disks, units, jobs, Jetson, cloud-init, files of ours."""

import subprocess
from pathlib import Path

import pytest

from facts.parse import ProbeError
from facts.parse.system import os_release
from tests.unit.facts.probe_text import LEAST, host


def test_login_without_sudo_keeps_sudos_words() -> None:
    login = host(
        login="@user\nbob\n@uid\n1003\n@effective\n1003\n@sudo_error\nsudo: a password is required"
    ).login
    assert (login.user, login.uid, login.root) == ("bob", 1003, False)
    assert login.sudo_error == "sudo: a password is required"


def test_probe_that_rose_through_sudo_is_root_under_the_login_name() -> None:
    login = host(login="@user\nann\n@uid\n1002\n@effective\n0\n@sudo_error").login
    assert (login.user, login.uid, login.root) == ("ann", 1002, True)


def test_free_space_is_given_for_every_path_asked() -> None:
    mounts = host(
        disks="@paths\n/\n/opt\n@blocks\nFilesystem 1K-blocks Used Available Capacity Mounted on\n"
        "/dev/vda1 10485760 5 2097152 50% /\nnas:/a b 1048576 5 1024 1% /opt\n"
        "@inodes\nFilesystem Inodes IUsed IFree IUse% Mounted on\n/dev/vda1 100 1 99 1% /\n"
        "nas:/a b 0 0 0 - /opt"
    ).mounts
    assert (mounts["/"].size_mb, mounts["/"].free_mb, mounts["/"].free_inodes) == (10240, 2048, 99)
    assert (mounts["/opt"].device, mounts["/opt"].free_inodes) == ("nas:/a b", None)


def test_df_that_answers_for_fewer_paths_gives_no_numbers_but_a_reason() -> None:
    state = host(disks="@paths\n/\n/opt\n@blocks\n/dev/vda1 10 5 5 50% /")
    assert state.mounts == {}
    assert "1 of 2 paths" in state.unread["mounts"]


UNITS = """\
Id=docker.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
ExecMainStatus=0

Id=gpuwright-torch.service
LoadState=loaded
ActiveState=active
UnitFileState=transient
ExecMainStatus=0

Id=gpuwright-persist.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled
"""


def test_transient_unit_of_ours_is_a_running_job_and_no_unit() -> None:
    state = host(units=UNITS)
    assert set(state.units) == {"docker.service", "gpuwright-persist.service"}
    assert state.jobs["torch"].active == "active"
    assert state.jobs["torch"].exit_code is None


def test_exit_file_tells_how_a_finished_job_ended() -> None:
    jobs = host(jobs="cuda|3").jobs
    assert (jobs["cuda"].active, jobs["cuda"].exit_code) == ("inactive", 3)


def test_exit_file_of_an_earlier_run_does_not_end_a_job_that_runs() -> None:
    assert host(units=UNITS, jobs="torch|0").jobs["torch"].exit_code is None


def test_jetson_is_known_by_release_file_and_device_tree() -> None:
    jetson = host(
        jetson="@/etc/nv_tegra_release\n# R36 (release), REVISION: 4.7, GCID: 1, BOARD: generic\n"
        "@model\nNVIDIA Jetson AGX Orin Developer Kit?\n"
        "@compatible\nnvidia,p3737-0000+p3701-0005\nnvidia,tegra234\n"
    ).jetson
    assert jetson is not None
    assert (jetson.l4t, jetson.soc) == ("36.4.7", "tegra234")
    assert jetson.model == "NVIDIA Jetson AGX Orin Developer Kit"


def test_jetson_is_known_by_its_core_package_too() -> None:
    jetson = host(packages="@dpkg\nii |nvidia-l4t-core|arm64|35.4.1-20230801").jetson
    assert jetson is not None
    assert jetson.l4t == "35.4.1"


def test_jetson_that_tells_no_release_is_still_one_and_says_what_is_missing() -> None:
    state = host(jetson="@compatible\nnvidia,p3737-0000+p3701-0005\nnvidia,tegra234\n")
    assert state.jetson is not None and state.jetson.l4t is None
    assert "jetson.l4t" in state.unread and "jetson.power_mode" in state.unread


def test_jetpacks_own_package_tells_its_version() -> None:
    listed = "@dpkg\nii |nvidia-l4t-core|arm64|36.4.7-20250918\nii |nvidia-jetpack|arm64|6.2.1+b38"
    jetson = host(packages=listed).jetson
    assert jetson is not None and jetson.jetpack == "6.2.1+b38"


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("@power\nNV Fan Mode:quiet\nNV Power Mode: MODE_15W\n2\n", "MODE_15W"),
        (
            "@/var/lib/nvpmodel/status\npmode:0001 fmode:quiet\n"
            "@power_names\n< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=1 NAME=15W >\n",
            "15W",
        ),
        ("@/var/lib/nvpmodel/status\npmode:0007\n", None),
        ("", None),
    ],
)
def test_power_mode_is_what_nvpmodel_or_its_status_file_says(said: str, mode: str | None) -> None:
    release = "@/etc/nv_tegra_release\n# R36 (release), REVISION: 4.7, GCID: 1\n"
    state = host(jetson=release + said)
    assert state.jetson is not None and state.jetson.power_mode == mode
    assert ("jetson.power_mode" in state.unread) is (mode is None)


def test_other_arm_board_is_no_jetson() -> None:
    assert host(jetson="@model\nRaspberry Pi 4\n@compatible\nraspberrypi,4-model-b").jetson is None


@pytest.mark.parametrize(
    ("files", "answer"),
    [
        ("@cloud_init\n/etc/cloud/cloud-init.disabled", "disabled"),
        ("@cloud_init\n@/run/cloud-init/status.json\n{}", "running"),
        ('@cloud_init\n@/run/cloud-init/result.json\n{"v1": {"errors": []}}', "done"),
        ('@cloud_init\n@/run/cloud-init/result.json\n{"v1": {"errors": ["x"]}}', "error"),
        ("@cloud_init\n@/run/cloud-init/result.json\nhalf a fi", "error"),
        ("@cloud_init", "not-run"),
        ("", "absent"),
    ],
)
def test_cloud_init_state_is_read_from_its_files(files: str, answer: str) -> None:
    assert host(system=LEAST["system"] + "\n" + files).system.cloud_init == answer


def test_host_without_os_release_is_unknown_with_a_reason() -> None:
    state = host(system="@uname\ngpu1 6.1 x86_64")
    assert state.system.os == "unknown"
    assert "system.os" in state.unread


def test_uname_that_failed_is_an_error() -> None:
    with pytest.raises(ProbeError, match="uname"):
        host(system="@uname")


def test_record_that_is_half_written_is_reported_and_not_used() -> None:
    state = host(record='@/var/lib/gpuwright/state.json\n{"stack": "py')
    assert state.record is None
    assert "is not JSON" in state.unread["record"]


def test_record_is_given_as_data() -> None:
    record = host(record='@/var/lib/gpuwright/state.json\n{"stack": "pytorch-2.9"}').record
    assert record == {"stack": "pytorch-2.9"}


def test_managed_files_carry_their_digest() -> None:
    assert host(managed=f"{'a' * 64}  /etc/profile.d/gpuwright.sh").managed_files == {
        "/etc/profile.d/gpuwright.sh": "a" * 64
    }


def test_global_library_path_is_shown_with_its_file() -> None:
    (setting,) = host(settings="/etc/environment:LD_LIBRARY_PATH=/usr/local/cuda/lib64").settings
    assert (setting.file, setting.text) == (
        "/etc/environment",
        "LD_LIBRARY_PATH=/usr/local/cuda/lib64",
    )


@pytest.mark.parametrize(
    "line",
    [
        "ID=debian",
        "ID='rocky'",
        'ID="ubuntu"   # a comment',
        r'ID="a \"quoted\" \$word \`and\` a \\ \x"',
        r"ID='a \"quoted\" \$word'",
        'ID=""',
        "ID=''",
        "  ID=indented",
        "#ID=commented",
        "ID=1\nID=2",
    ],
)
def test_os_release_is_read_as_the_shell_reads_it(line: str, tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text(f"{line}\n")
    script = 'ID=; . "$1"; printf %s "$ID"'
    said = subprocess.run(
        ["sh", "-c", script, "sh", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert os_release(line.splitlines()).get("ID", "") == said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("0|0|755|root|/opt", None),
        ("0|0|775|root|/opt", None),
        ("0|50|1777|root|/opt", None),
        ("1000|1000|755|ana|/opt", "it belongs to ana (uid 1000)"),
        ("0|50|775|root|/opt", "its permissions are 775, its group is 50"),
        ("0|0|777|root|/opt", "its permissions are 777, its group is 0"),
        ("0|0|rwx|root|/opt", None),
        ("half", None),
    ],
)
def test_folder_that_others_may_change_is_known_with_the_reason(line: str, why: str | None) -> None:
    found = host(disks=f"@owners\n{line}").shared
    assert found == ({"/opt": why} if why else {})

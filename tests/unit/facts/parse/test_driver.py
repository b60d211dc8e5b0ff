"""The driver as it is loaded, as it lies on the disk, and what DKMS knows."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.facts.probe_text import host

NVRM = "NVRM version: NVIDIA UNIX {}x86_64 Kernel Module  535.309.01  Release Build"
# The open modules' own words, as in the files of NVIDIA/open-gpu-kernel-modules issues.
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (root)"


def test_loaded_proprietary_module() -> None:
    driver = host(driver=f"@loaded\nnvidia|535.309.01\nnvidia_uvm|\n@proc\n{NVRM}").driver
    assert (driver.loaded, driver.loaded_flavour) == ("535.309.01", "proprietary")
    assert driver.loaded_modules == ("nvidia", "nvidia_uvm")


def test_loaded_open_module_whose_version_only_proc_tells() -> None:
    driver = host(driver=f"@loaded\nnvidia|\n@proc\n{OPEN}").driver
    assert (driver.loaded, driver.loaded_flavour) == ("580.95.05", "open")


def test_loaded_module_that_tells_no_version_is_unknown_not_absent() -> None:
    assert host(driver="@loaded\nnvidia|").driver.loaded is None


def test_without_sysfs_nothing_is_claimed() -> None:
    state = host(driver="!driver.loaded sysfs is not mounted")
    assert state.driver.loaded is None
    assert state.nouveau.loaded is None


def test_nouveau_that_took_the_card_is_seen() -> None:
    assert host(driver="@loaded\nnouveau|").nouveau.loaded is True


def test_runfile_installation_is_seen_by_its_uninstaller() -> None:
    driver = host(driver="@loaded\n@runfile\n/usr/bin/nvidia-uninstall").driver
    assert driver.runfile == "/usr/bin/nvidia-uninstall"


def test_modprobe_file_that_turns_nvidia_off_is_named() -> None:
    state = host(
        modprobe_d="/etc/modprobe.d/vfio.conf:install nvidia /bin/false\n"
        "/etc/modprobe.d/no.conf:blacklist nvidia\n"
        "/etc/modprobe.d/nvidia.conf:install nvidia modprobe -i nvidia-current $CMDLINE_OPTS\n"
        "/etc/modprobe.d/a.conf:install nouveau /bin/true\n"
        "/etc/modprobe.d/b.conf:options nouveau modeset=0"
    )
    assert state.driver.blocked_in == ("/etc/modprobe.d/no.conf", "/etc/modprobe.d/vfio.conf")
    assert state.nouveau.blacklisted_in == ("/etc/modprobe.d/a.conf",)


def test_module_without_modinfo_is_listed_without_a_version() -> None:
    (module,) = host(driver="@loaded\n@files\n/lib/modules/6.1/extra/nvidia.ko.xz").driver.modules
    assert (module.kernel, module.version) == ("6.1", None)


def test_library_whose_link_leads_nowhere_keeps_the_place_ldconfig_told() -> None:
    listed = "@ldconfig\n\tlibcuda.so.1 (libc6,x86-64) => /lib/libcuda.so.1\n@real"
    (library,) = host(libraries=listed).driver.libraries
    assert (library.path, library.version) == ("/lib/libcuda.so.1", "1")


def test_dkms_tells_added_built_and_installed_apart() -> None:
    builds = host(
        dkms="@tree\n"
        "nvidia|\nnvidia/535.1|\nnvidia/535.1/source|/usr/src/nvidia-535.1\n"
        "nvidia/535.1/6.1.0-50|\nnvidia/535.1/6.1.0-50/x86_64|\n"
        "nvidia/535.1/6.1.0-56|\nnvidia/535.1/6.1.0-56/x86_64|\n"
        "nvidia/kernel-6.1.0-50-x86_64|535.1/6.1.0-50/x86_64\n"
        "zfs|\nzfs/2.1|\nzfs/2.1/source|/usr/src/zfs-2.1\nzfs/2.1/build|\nzfs/2.1/build/make.log|\n"
        "@logs\n/var/lib/dkms/zfs/2.1/build/make.log"
    ).dkms
    assert builds is not None
    assert [(b.module, b.kernel, b.state) for b in builds] == [
        ("nvidia", "6.1.0-50", "installed"),
        ("nvidia", "6.1.0-56", "built"),
        ("zfs", None, "added"),
    ]
    assert builds[-1].log == "/var/lib/dkms/zfs/2.1/build/make.log"


def test_pci_name_with_quotes_inside_brackets_survives() -> None:
    state = host(
        pci="0000:01:00.0|0x2330|0x030200|0x10de|0x16c1|nouveau\n"
        '@lspci\n0000:01:00.0 "3D controller" "NVIDIA Corporation" "GH100 [H100 SXM5]" -ra1 "" ""'
    )
    (gpu,) = state.gpus
    assert (gpu.name, gpu.subsystem, gpu.driver) == (
        "NVIDIA Corporation GH100 [H100 SXM5]",
        "10de:16c1",
        "nouveau",
    )


def test_nvswitch_is_a_device_but_no_gpu() -> None:
    state = host(pci="0000:05:00.0|0x22a3|0x068000|||")
    assert len(state.pci) == 1
    assert state.gpus == ()


@pytest.mark.parametrize(
    ("line", "blocked"),
    [
        ("blacklist nvidia_current", True),
        ("\tblacklist\tnvidia-current  # not now", True),
        ("install nvidia /bin/false", True),
        ("install nvidia /usr/bin/true", True),
        ("install nvidia /sbin/modprobe -i nvidia", False),
        ("#blacklist nvidia", False),
        ("blacklist nvidiafb", False),
        ("options nvidia NVreg_x=1", False),
    ],
)
def test_line_of_modprobes_settings_that_keeps_the_driver_out(line: str, blocked: bool) -> None:
    state = host(modprobe_d=f"/etc/modprobe.d/a.conf:{line}")
    assert (state.driver.blocked_in == ("/etc/modprobe.d/a.conf",)) is blocked


MODPROBE = [
    # Shapes that distributions, NVIDIA's installer and guides on passthrough leave behind.
    ("blacklist nouveau", "nouveau"),
    ("blacklist nouveau\r", ""),  # to kmod the carriage return is part of the name
    ("install nouveau /bin/false", "nouveau"),
    ("install nouveau /usr/bin/true", "nouveau"),
    ("options nouveau modeset=0", ""),
    ("alias nouveau off", ""),
    ("blacklist  nvidia", "nvidia"),
    ("blacklist nvidia-drm", ""),
    ("install nvidia-current /bin/true", "nvidia"),
    ("install nvidia /sbin/modprobe --ignore-install nvidia && /bin/true", ""),
    ("softdep nvidia post: nvidia-uvm", ""),
    ("options nvidia NVreg_OpenRmEnableUnsupportedGpus=1", ""),
]


@pytest.mark.parametrize(("line", "kept_out"), MODPROBE)
def test_settings_of_modprobe_keep_out_what_they_name(line: str, kept_out: str) -> None:
    # The look shows what is no printable character as "?".
    told = line.replace("\r", "?")
    state = host(modprobe_d=f"/etc/modprobe.d/a.conf:{told}")
    found = {"nouveau": state.nouveau.blacklisted_in, "nvidia": state.driver.blocked_in}
    assert [name for name, files in found.items() if files] == ([kept_out] if kept_out else [])


@pytest.mark.skipif(not shutil.which("modprobe"), reason="modprobe judges")
@pytest.mark.parametrize(("line", "kept_out"), MODPROBE)
def test_modprobe_itself_lists_the_blacklisted(line: str, kept_out: str, tmp_path: Path) -> None:
    if not line.startswith("blacklist"):
        pytest.skip("modprobe lists what a line says, not what comes of it")
    (tmp_path / "a.conf").write_bytes(f"{line}\n".encode())
    command = ["modprobe", "--showconfig", "--config", str(tmp_path)]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    names = [row.removeprefix("blacklist ") for row in said.split("\n") if "blacklist" in row]
    assert (kept_out in names) is bool(kept_out)


FOLDER = "/lib/modules/6.1.0-56-amd64/updates/dkms"
MODINFO = [
    # One file, what modinfo said of it, and the version, vermagic and signer to be read.
    ("version: 535.309.01\nvermagic: 6.1.0-56-amd64 SMP preempt mod_unload", "535.309.01", ""),
    ("version:        580.95.05\nlicense:        Dual MIT/GPL", "580.95.05", ""),
    ("version: 535.1\nsigner: DKMS module signing key", "535.1", "DKMS module signing key"),
    ("version: 535.1\nsigner: Build time: autogenerated: kernel key", "535.1", "Build time: auto"),
    ("license: NVIDIA", None, ""),
    ("version:", "", ""),
    ("name: nvidia\nversion: 470.256.02", "470.256.02", ""),
    ("version: 535.1\nversion: 535.2", "535.1", ""),
    ("vermagic:       5.14.0-503.el9.x86_64 SMP preempt mod_unload modversions", None, ""),
    ("signer: ?bersetzer", None, "?bersetzer"),
    ("", None, ""),
]


@pytest.mark.parametrize(("said", "version", "signer"), MODINFO)
def test_what_modinfo_says_of_a_module_is_read(said: str, version: str, signer: str) -> None:
    path = f"{FOLDER}/nvidia.ko.xz"
    (file,) = host(
        driver=f"@loaded\n@files\n{path}\n@modinfo\nfilename:       {path}\n{said}"
    ).driver.modules
    assert (file.version, file.kernel) == (version, "6.1.0-56-amd64")
    assert (file.signer or "").startswith(signer)

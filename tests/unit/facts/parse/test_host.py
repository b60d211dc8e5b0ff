"""What real hosts' answers mean."""

from tests.unit.facts.golden_hosts import state


def test_plain_host_shows_its_gpus_before_any_driver() -> None:
    host = state("debian-12-plain-2xh100.txt")
    assert [gpu.address for gpu in host.gpus] == ["0000:17:00.0", "0000:1b:00.0"]
    assert {gpu.device for gpu in host.gpus} == {"2330"}
    assert host.gpus[0].driver == ""
    assert "H100" in (host.gpus[0].name or "")


def test_plain_host_has_no_driver_and_says_so_with_certainty() -> None:
    host = state("debian-12-plain-2xh100.txt")
    assert host.driver.loaded == ""
    assert host.driver.modules == ()
    assert host.driver.libraries == ()
    assert host.nouveau.loaded is False
    assert host.dkms == ()


def test_plain_host_boots_its_only_kernel_which_lacks_headers() -> None:
    host = state("debian-12-plain-2xh100.txt")
    (kernel,) = host.kernels.installed
    assert host.kernels.next_boot == kernel.release == "6.1.0-56-cloud-amd64"
    assert (kernel.bootable, kernel.headers) == (True, False)
    assert kernel.compiler == "gcc-12 (Debian 12.2.0-14+deb12u1) 12.2.0"
    assert host.kernels.running not in {k.release for k in host.kernels.installed}


def test_nspawn_container_and_the_machine_below_are_both_named() -> None:
    system = state("debian-12-plain-2xh100.txt").system
    assert (system.container, system.virtual_machine) == ("systemd-nspawn", "kvm")
    assert (system.os, system.codename, system.glibc) == ("debian-12", "bookworm", "2.36")
    assert system.cloud_init == "absent"


def test_host_without_package_lists_gives_no_age_but_the_reason() -> None:
    host = state("debian-12-plain-2xh100.txt")
    assert host.package_manager.lists_age_s is None
    assert "package_manager.lists_age_s" in host.unread


def test_units_that_do_not_exist_are_named_not_found() -> None:
    units = state("debian-12-plain-2xh100.txt").units
    assert units["nvidia-persistenced.service"].enabled == "not-found"
    assert units["apt-daily.timer"].active == "active"


def test_debian_13_kernel_with_a_plus_in_its_name_is_found() -> None:
    host = state("debian-13-t4-2xk80.txt")
    assert host.kernels.next_boot == "6.12.117+deb13-cloud-amd64"
    assert [gpu.device for gpu in host.gpus] == ["1eb8", "102d", "102d"]


def test_real_dkms_build_is_seen_as_files_and_as_a_build() -> None:
    host = state("debian-12-driver-cuda-chroot.txt")
    core = next(m for m in host.driver.modules if m.name == "nvidia")
    assert core.path.endswith("/updates/dkms/nvidia-current.ko")
    assert (core.version, core.license) == ("535.309.01", "NVIDIA")
    assert (core.vermagic or "").startswith("6.1.0-56-cloud-amd64 ")
    assert core.signer == "DKMS module signing key"
    (build,) = host.dkms or ()
    assert (build.state, build.kernel) == ("installed", core.kernel)


def test_libraries_are_followed_to_the_file_that_carries_the_version() -> None:
    libraries = state("debian-12-driver-cuda-chroot.txt").driver.libraries
    cuda = next(lib for lib in libraries if lib.soname == "libcuda.so.1")
    assert cuda.path == "/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.535.309.01"
    assert cuda.version == "535.309.01"


def test_debians_toolkit_is_found_in_its_own_layout() -> None:
    (toolkit,) = state("debian-12-driver-cuda-chroot.txt").cuda
    assert toolkit.path == "/usr/lib/cuda"
    assert toolkit.nvcc == "/usr/lib/nvidia-cuda-toolkit/bin/nvcc"
    assert (toolkit.version, toolkit.nvcc_release) == ("11.8", "V11.8.89")


def test_packages_of_the_archive_carry_its_label() -> None:
    packages = state("debian-12-driver-cuda-chroot.txt").packages
    assert packages["nvidia-kernel-dkms"].origin == "Debian"
    assert packages["nvidia-kernel-dkms"].installed


def test_debian_blacklists_nouveau_and_its_aliases_do_not_block_nvidia() -> None:
    host = state("debian-12-driver-cuda-chroot.txt")
    assert host.nouveau.blacklisted_in == ("/etc/modprobe.d/nvidia-blacklists-nouveau.conf",)
    assert host.driver.blocked_in == ()


def test_supported_compilers_are_listed_beside_the_default_one() -> None:
    compilers = state("debian-12-driver-cuda-chroot.txt").compilers
    assert ("/usr/bin/g++-11", "11.3.0") in {(c.path, c.version) for c in compilers}


def test_host_without_systemd_says_why_units_are_missing() -> None:
    host = state("debian-12-driver-cuda-chroot.txt")
    assert host.units == {}
    assert host.unread["units"] == "systemd does not run here"


def test_half_configured_packages_are_named_with_their_state() -> None:
    host = state("debian-12-half-configured.txt")
    broken = host.package_manager.half_configured
    assert "nvidia-kernel-dkms iU" in broken
    assert "initramfs-tools it" in broken
    assert not host.packages["nvidia-kernel-dkms"].installed
    assert (host.package_manager.broken or "").startswith("The following packages")


def test_holder_of_the_lock_is_named_with_its_command() -> None:
    locks = state("debian-12-lock-held.txt").package_manager.locks
    assert {lock.path for lock in locks} == {
        "/var/lib/dpkg/lock-frontend",
        "/var/cache/apt/archives/lock",
    }
    assert all(lock.command.startswith("apt-get install -y") for lock in locks)


def test_kernel_chosen_for_one_boot_wins() -> None:
    kernels = state("debian-12-grub-next-entry.txt").kernels
    assert kernels.next_boot == "6.1.0-47-cloud-amd64"
    assert kernels.next_boot_why == "grub next entry (once) '1>2'"


def test_saved_entry_by_nested_ids_is_followed() -> None:
    kernels = state("debian-12-grub-saved-entry.txt").kernels
    assert kernels.next_boot == "6.1.0-47-cloud-amd64"
    assert kernels.installed[-1].release == "6.1.0-56-cloud-amd64"


def test_host_of_ours_shows_both_cuda_worlds_apart() -> None:
    host = state("debian-12-managed-h100.txt")
    (toolkit,) = host.cuda
    (cudnn,) = host.cudnn
    assert (toolkit.version, cudnn.version) == ("11.8", "8.9.6")
    assert cudnn.path == "/opt/gpuwright/cudnn/8.9.6.50-cuda11"
    current = next(venv for venv in host.venvs if venv.path == host.current_venv)
    assert current.complete
    assert current.packages["torch"] == "2.9.1"
    assert current.packages["nvidia-cudnn-cu12"] == "9.10.2.21"


def test_host_of_ours_has_nothing_in_the_way_of_other_programs() -> None:
    host = state("debian-12-managed-h100.txt")
    assert host.settings == ()
    assert not any("cudnn" in library.path for library in host.driver.libraries)


def test_files_record_and_jobs_of_ours_are_read() -> None:
    host = state("debian-12-managed-h100.txt")
    assert "/etc/modprobe.d/gpuwright-nouveau.conf" in host.managed_files
    assert not any("/envs/" in path for path in host.managed_files)
    assert (host.record or {})["stack"] == "pytorch-2.9"
    assert host.jobs["venv"].exit_code == 0
    assert {"nvidia-kernel-dkms", "libcuda1"} <= set(host.package_manager.holds)


def test_whole_host_was_read_without_a_gap() -> None:
    assert state("debian-12-managed-h100.txt").unread == {}


def test_board_of_the_sandbox_tells_all_that_a_jetson_can_tell() -> None:
    host = state("jetpack-6-sandbox.txt")
    assert host.jetson is not None
    assert (host.jetson.l4t, host.jetson.soc) == ("36.4.7", "tegra234")
    assert host.jetson.model == "NVIDIA Jetson AGX Orin Developer Kit"
    assert (host.jetson.jetpack, host.jetson.power_mode) == ("6.2.1+b38", "MAXN")
    assert (host.system.os, host.system.arch) == ("ubuntu-22.04", "aarch64")
    assert [(t.path, t.version) for t in host.cuda] == [("/usr/local/cuda-12.6", "12.6.11")]
    assert [(c.path, c.version) for c in host.cudnn] == [("/usr", "9.3.0")]
    assert host.packages["nvidia-l4t-core"].version == "36.4.7-20250918154033"

"""dnf and rpm: repositories, streams, version locks, origins, locks, half-done updates."""

import pytest

from facts.model.packages import LockHolder
from facts.parse import dnf
from facts.parse.sections import Section
from tests.unit.facts.golden_hosts import state
from tests.unit.facts.probe_text import host

GOLDEN = "rocky-9-managed-h100.txt"
RPM = """\
@rpm
ii |bash|x86_64|0:5.1.8-9.el9|Rocky
ii |nvidia-driver-cuda|x86_64|3:580.178.04-1.el9|(none)
ii |kernel-core|x86_64|0:5.14.0-427.13.1.el9_4|Rocky
ii |kernel-core|x86_64|0:5.14.0-427.16.1.el9_4|Rocky
"""


def test_locks_hold_what_has_exactly_that_version() -> None:
    locks = (
        "@/etc/dnf/plugins/versionlock.list\n# mine\nbash-0:5.1.8-9.el9.*\n"
        "nvidia-driver-cuda-3:570.1-1.el9.*\n"
    )
    assert host(packages=RPM + locks).package_manager.holds == ("bash",)


def test_entry_that_shuts_a_version_out_is_no_hold() -> None:
    locks = "@/etc/dnf/plugins/versionlock.list\n!bash-0:5.1.8-9.el9.*\n"
    assert host(packages=RPM + locks).package_manager.holds == ()


def test_locks_count_for_nothing_while_the_plugin_is_off() -> None:
    off = "@/etc/dnf/plugins/versionlock.conf\n[main]\nenabled = 0\n"
    locks = "@/etc/dnf/plugins/versionlock.list\nbash-0:5.1.8-9.el9.*\n"
    assert host(packages=RPM + off + locks).package_manager.holds == ()


def test_enabled_stream_is_read_and_a_reset_one_is_not() -> None:
    modules = (
        "@/etc/dnf/modules.d/nvidia-driver.module\n[nvidia-driver]\nname=nvidia-driver\n"
        "stream=580-open\nprofiles=\nstate=enabled\n"
        "@/etc/dnf/modules.d/php.module\n[php]\nname=php\nstream=\nprofiles=\nstate=\n"
    )
    assert host(packages=RPM + modules).package_manager.streams == {"nvidia-driver": "580-open"}


def test_repositories_are_read_with_every_kind_of_address() -> None:
    text = (
        "@/etc/yum.repos.d/rocky.repo\n[baseos]\nmirrorlist=https://m.example.org/?a=b%c\n"
        "#baseurl=http://old.example.org/\n[extras]\nbaseurl = https://a.example.org/x\n"
        "  https://b.example.org/x\nenabled = 0\n"
    )
    baseos, extras = host(packages=RPM, sources=text).package_manager.repositories
    assert (baseos.name, baseos.enabled) == ("baseos", True)
    assert baseos.addresses == ("https://m.example.org/?a=b%c",)
    assert (extras.addresses, extras.enabled) == (
        ("https://a.example.org/x", "https://b.example.org/x"),
        False,
    )


def test_repository_file_that_cannot_be_parsed_hides_nothing_else() -> None:
    text = (
        "@/etc/yum.repos.d/a.repo\nno section\n@/etc/yum.repos.d/b.repo\n[b]\nbaseurl=file:///b\n"
    )
    assert [r.name for r in host(packages=RPM, sources=text).package_manager.repositories] == ["b"]


def test_origin_is_the_repository_of_the_installed_version() -> None:
    history = (
        "@from\nnvidia-driver-cuda|570.1-1.el9|rpmfusion-nonfree\n"
        "nvidia-driver-cuda|580.178.04-1.el9|cuda-rhel9-x86_64\n"
    )
    packages = host(packages=RPM + history).packages
    assert packages["nvidia-driver-cuda"].origin == "NVIDIA"
    assert packages["bash"].origin == "Rocky"


def test_package_without_history_and_vendor_has_no_origin() -> None:
    assert host(packages=RPM).packages["nvidia-driver-cuda"].origin is None


def test_two_versions_of_one_package_are_half_an_update_but_two_kernels_are_not() -> None:
    twice = "@rpm\nii |bash|x86_64|0:5.1.9-1.el9|Rocky\n"
    assert host(packages=RPM).package_manager.half_configured == ()
    both = RPM + twice.removeprefix("@rpm\n")
    assert host(packages=both).package_manager.half_configured == ("bash twice",)


def test_living_process_in_a_lock_file_of_dnf_holds_it() -> None:
    text = "@pids\n4711|/var/cache/dnf/metadata_lock.pid|/usr/bin/python3 /usr/bin/dnf upgrade \n"
    assert host(packages=RPM, locks=text).package_manager.locks == (
        LockHolder(
            "/var/cache/dnf/metadata_lock.pid", 4711, "/usr/bin/python3 /usr/bin/dnf upgrade"
        ),
    )


def test_managed_rocky_host_is_one_of_the_red_hat_family_although_dpkg_is_there() -> None:
    found = state(GOLDEN)
    assert (found.system.os, found.package_manager.kind) == ("rocky-9.4", "dnf")
    assert found.package_manager.sources == ()


def test_managed_rocky_host_has_its_set_locked_and_from_nvidia() -> None:
    found = state(GOLDEN)
    driver = found.packages["nvidia-driver-cuda"]
    assert (driver.version, driver.origin) == ("3:580.178.04-1.el9", "NVIDIA")
    assert {"kmod-nvidia-open-dkms", "nvidia-driver-cuda", "cuda-nvcc-11-8"} <= set(
        found.package_manager.holds
    )
    assert found.package_manager.streams == {"nvidia-driver": "580-open"}


def test_managed_rocky_host_has_modules_in_extra_for_both_kernels() -> None:
    found = state(GOLDEN)
    kernels = [k.release for k in found.kernels.installed if k.bootable and k.headers]
    assert kernels == ["5.14.0-427.13.1.el9_4.x86_64", "5.14.0-427.16.1.el9_4.x86_64"]
    assert found.kernels.next_boot == kernels[1]
    assert {m.kernel for m in found.driver.modules if "/extra/" in m.path} == set(kernels)


REPO_FILES = [
    # Text, and (name, first address, enabled) of each repository. From what Rocky, EPEL, NVIDIA,
    # Docker and administrators write.
    ("[a]\nbaseurl=http://m/a/\n", [("a", "http://m/a/", True)]),
    ("[a]\nname = A\nbaseurl = http://m/a/\nenabled = 0\n", [("a", "http://m/a/", False)]),
    ("[a]\nmirrorlist=https://l/?arch=$basearch\nenabled=True\n", [("a", "https://l/?", True)]),
    ("[a]\nmetalink=https://l/m\nenabled=no\n", [("a", "https://l/m", False)]),
    ("# mine\n; too\n\n[a]\n#baseurl=http://old/\nbaseurl=http://m/\n", [("a", "http://m/", True)]),
    ("[a]\nbaseurl=http://m/1/\n  http://m/2/\n", [("a", "http://m/1/", True)]),
    ("[a]\nbaseurl=http://m/1/,http://m/2/\n", [("a", "http://m/1/", True)]),
    ("[a]\nBASEURL=http://m/\nEnabled=1\n", [("a", "http://m/", True)]),
    (
        "[a]\nbaseurl=http://m/a/\n[b-debuginfo]\nbaseurl=http://m/b/\nenabled=0\n",
        [("a", "http://m/a/", True), ("b-debuginfo", "http://m/b/", False)],
    ),
    ("[a]\nbaseurl=http://m/\nbaseurl=http://n/\n", [("a", "http://n/", True)]),
    (
        "[copr:x:user:p]\nbaseurl=https://c/\nskip_if_unavailable=1\n",
        [("copr:x", "https://c", True)],
    ),
    ("[a]\nname=50% off\nbaseurl=http://m/%20x/\n", [("a", "http://m/%20x/", True)]),
    ("[a]\nbaseurl: http://m/\n", [("a", "http://m/", True)]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), REPO_FILES)
def test_repositories_are_read_out_of_the_files_that_hosts_have(
    text: str, expected: list[tuple[str, str, bool]]
) -> None:
    section = Section("sources", parts=[("/etc/yum.repos.d/x.repo", text.splitlines())])
    found = dnf.repositories(section)
    assert len(found) == len(expected)
    for one, (name, address, enabled) in zip(found, expected, strict=True):
        assert one.name.startswith(name) and one.addresses[0].startswith(address)
        assert one.enabled is enabled

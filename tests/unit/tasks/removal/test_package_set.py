"""Which packages go, and why others stay."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.removal_model import Before, Brought, Traces
from tasks.hostdata.removal import RemovalSettings
from tasks.removal.package_set import PackageSet, chosen
from tests.unit.tasks.removal.traces_of import host, package, with_before, with_brought

ALL = RemovalSettings(workspaces=True, images=True, engine=True)


def names(found: PackageSet) -> list[str]:
    return [one.plain for one in found.goes]


def why(found: PackageSet, name: str) -> str:
    return dict(found.stays)[name]


def decided(traces: Traces, settings: RemovalSettings | None = None) -> PackageSet:
    return chosen(traces, settings or RemovalSettings())


def test_what_we_brought_goes_with_its_dependencies_and_nothing_else() -> None:
    traces = host("bash; htop", "nvidia-smi: libnvidia-ml1; libnvidia-ml1; gcc-12")
    assert names(decided(traces)) == ["gcc-12", "libnvidia-ml1", "nvidia-smi"]


def test_package_of_before_stays_though_a_transaction_named_it() -> None:
    traces = with_before(host("", "gcc-12; dkms"), packages={"gcc-12": "0.9"})
    assert names(decided(traces)) == ["dkms"]


def test_package_that_an_administrator_installed_between_our_runs_stays() -> None:
    traces = host("bash", "dkms")
    traces = replace(traces, installed=(*traces.installed, package("nvtop")))
    assert names(decided(traces)) == ["dkms"]


@pytest.mark.parametrize(
    "relation",
    ["libcuda1", "libcuda1 (>= 535), libc6", "libfoo | libcuda1", "libcuda1:any", "virtual-cuda"],
)
def test_what_a_package_that_stays_needs_stays_with_all_that_it_needs(relation: str) -> None:
    traces = host(f"bash; their-tool: {relation}", "libcuda1: libnvidia-cfg1; libnvidia-cfg1; dkms")
    provides = [
        replace(p, provides="virtual-cuda (= 1)") for p in traces.installed if "cuda1" in p.name
    ]
    rest = [p for p in traces.installed if p.name != "libcuda1"]
    found = decided(replace(traces, installed=(*rest, *provides)))
    assert names(found) == ["dkms"]
    assert why(found, "libcuda1") == "their-tool needs it"
    assert why(found, "libnvidia-cfg1") == "libcuda1 needs it"


def test_one_of_two_is_enough_where_one_stays_anyway() -> None:
    found = decided(host("mawk; tool: gawk | mawk", "gawk"))
    assert names(found) == ["gawk"]


def test_removed_package_needs_nothing_any_more() -> None:
    traces = host("bash", "libcuda1")
    left = package("their-tool: libcuda1", status="rc")
    assert names(decided(replace(traces, installed=(*traces.installed, left)))) == ["libcuda1"]


def test_settings_that_a_package_of_ours_left_go_and_those_of_before_stay() -> None:
    traces = host("", "nvidia-driver; nvidia-smi")
    left = tuple(replace(one, status="rc") for one in traces.installed)
    traces = with_before(replace(traces, installed=left), settings=("nvidia-smi",))
    assert names(decided(traces)) == ["nvidia-driver"]


@pytest.mark.parametrize("asked", ["gcc-12", "libc6-dev"])
def test_package_that_somebody_has_asked_for_since_stays(asked: str) -> None:
    traces = host("bash", "gcc-12; libc6-dev:amd64; dkms")
    found = decided(replace(traces, manual=frozenset({asked, "bash"})))
    assert "asked for it since" in {n.split(":")[0]: w for n, w in found.stays}[asked]
    assert "dkms" in names(found)


def test_package_that_we_asked_for_by_name_goes() -> None:
    traces = with_brought(host("bash", "dkms"), manual=frozenset({"dkms"}))
    assert names(decided(replace(traces, manual=frozenset({"dkms"})))) == ["dkms"]


@pytest.mark.parametrize(
    "kernel",
    ["linux-image-6.1.0-57-amd64", "linux-modules-6.8.0-1-generic", "kernel-core.x86_64 5.14"],
)
def test_kernel_stays(kernel: str) -> None:
    found = decided(host("bash", f"{kernel}; dkms"))
    assert names(found) == ["dkms"] and "kernel" in why(found, kernel)


@pytest.mark.parametrize(
    "module",
    ["linux-modules-nvidia-580-generic", "linux-headers-amd64", "kernel-devel.x86_64 5.14"],
)
def test_modules_of_the_driver_and_headers_go(module: str) -> None:
    assert len(decided(host("bash", module)).goes) == 1


def test_essential_package_stays() -> None:
    traces = host("bash", "dash")
    traces = replace(traces, installed=tuple(replace(p, essential=True) for p in traces.installed))
    assert decided(traces).goes == ()


@pytest.mark.parametrize("engine", ["docker.io", "docker-ce", "podman", "docker-ce.x86_64"])
def test_engine_goes_only_where_it_is_named(engine: str) -> None:
    traces = host("bash", f"{engine}: libseccomp2; libseccomp2; nvidia-container-toolkit")
    found = decided(traces)
    assert names(found) == ["nvidia-container-toolkit"] and found.engine_stays
    assert why(found, "libseccomp2") == "the container engine needs it"
    whole = decided(traces, ALL)
    assert len(whole.goes) == 3 and not whole.engine_stays


def test_what_rpm_says_is_needed_stays() -> None:
    traces = host(
        "bash", "libnvidia-ml.x86_64; dkms.noarch", needed={"libnvidia-ml.x86_64": "nvtop-1"}
    )
    found = decided(traces)
    assert (
        names(found) == ["dkms.noarch"] and why(found, "libnvidia-ml.x86_64") == "nvtop-1 needs it"
    )


@pytest.mark.parametrize("before", [None, Before(whole=False)], ids=["no-note", "note-of-later"])
def test_older_record_lets_only_go_what_was_noted(before: Before | None) -> None:
    traces = host("nvidia-driver", "dkms")
    traces = replace(traces, before=before and replace(before, packages={"nvidia-driver": "1.0"}))
    found = decided(traces)
    assert names(found) == ["dkms"] and found.unknown
    assert not decided(replace(traces, before=Before())).unknown


def test_dependency_that_we_named_gets_its_mark_back() -> None:
    traces = with_brought(host("gcc; make", "dkms"), manual=frozenset({"gcc", "dkms", "make"}))
    traces = replace(traces, manual=frozenset({"gcc", "dkms"}))
    assert decided(with_before(traces, manual=frozenset({"bash"}))).marked_auto == ("gcc",)
    # A package manager that could not say what was asked for: nobody's mark is touched.
    assert decided(traces).marked_auto == ()


def test_moved_and_replaced_packages_of_before_are_named() -> None:
    traces = with_before(host("gcc", ""), packages={"gcc": "0.9", "nvidia-535": "535.1"})
    traces = replace(
        traces, brought=Brought(moved=("gcc 1.0", "gone 2"), gone=("gcc 0.9", "nvidia-535 535.1"))
    )
    found = decided(traces)
    assert found.moved == ("gcc 1.0",) and found.lost == ("nvidia-535 535.1",)

"""Container hosts: engines, NVIDIA's toolkit, their repositories, and GPUs for containers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from packaging.version import Version

from stacks.catalog.read import FOLDER
from stacks.load import load_stack
from stacks.model.containers import ContainerPlan, EnginePlan
from stacks.model.host import Gpu, HostProfile, InstalledEngine
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, Repository, Resolution
from stacks.requests import with_requests
from stacks.resolve import resolve
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned
from tests.unit.stacks.hosts import refused as refused_natively

BOOKWORM = host("debian-12", "h100")
TRIXIE = host("debian-13", "h100")
JAMMY = host("ubuntu-22.04", "h100")
ROCKY = host("rocky-9", "h100")
RUNTIME = ("--runtime=nvidia", "-e", "NVIDIA_VISIBLE_DEVICES=all")


def ask(profile: HostProfile, stack: str = "pytorch-2.9", **requests: Any) -> Resolution:
    """Resolve as the deploy of a container host does."""
    return resolve(with_requests(load_stack(stack), requests, containers=True), profile, CATALOG)


def container_plan(profile: HostProfile, **requests: Any) -> Plan:
    """The plan; the test fails with the conflicts where there is none."""
    resolution = ask(profile, **requests)
    assert resolution.plan is not None, resolution.conflicts
    return resolution.plan


def containers(profile: HostProfile, **requests: Any) -> ContainerPlan:
    """The container part of the plan."""
    made = container_plan(profile, **requests).containers
    assert made is not None
    return made


def docker(profile: HostProfile, **requests: Any) -> EnginePlan:
    """The only engine of the plan."""
    (engine,) = containers(profile, **requests).engines
    return engine


def refused(code: str, profile: HostProfile, **requests: Any) -> Conflict:
    """The conflict of that code."""
    found = {conflict.code: conflict for conflict in ask(profile, **requests).conflicts}
    assert code in found, list(found)
    return found[code]


def source(plan: Plan, kind: str) -> Repository:
    """The repository of that kind."""
    (found,) = (r for r in plan.repositories if r.source == kind)
    return found


def test_container_host_has_the_driver_and_no_cuda_of_its_own() -> None:
    plan = container_plan(BOOKWORM)
    assert plan.driver and plan.containers
    assert (plan.cuda, plan.cudnn, plan.torch) == (None, None, None)


def test_container_host_has_the_native_stack_too_if_asked() -> None:
    native, both = planned(BOOKWORM), container_plan(BOOKWORM, with_native=True)
    assert (both.cuda, both.cudnn, both.torch) == (native.cuda, native.cudnn, native.torch)
    assert both.containers


def test_gpu_host_is_no_container_host_whatever_host_data_say_of_docker() -> None:
    plan = planned(
        BOOKWORM, docker_origin="docker", container_engines=["podman"], driver_origin="debian"
    )
    assert plan.containers is None and plan.repositories == ()


def test_container_host_s_driver_is_good_enough_for_the_image_s_pytorch() -> None:
    k80 = host("ubuntu-22.04", "k80")
    assert ask(k80).plan is not None  # no PyTorch 2.9 runs there, and other images may
    plan = container_plan(host("debian-12", "v100"))
    assert plan.driver and Version(plan.driver.floor) >= Version("525.60.13")


def test_old_python_of_the_host_does_not_matter_to_containers() -> None:
    focal = host("ubuntu-20.04", "a100")
    refused_natively("PYTHON-NONE", focal)
    assert container_plan(focal).containers


def test_plan_without_containers_keeps_its_digest() -> None:
    plan = planned(BOOKWORM)
    assert plan.digest != container_plan(BOOKWORM, with_native=True).digest
    assert plan.digest == replace(plan, containers=None).digest


@pytest.mark.parametrize(
    ("profile", "version", "package"),
    [(BOOKWORM, "20.10.24", "docker.io"), (TRIXIE, "26.1.5", "docker-cli")],
)
def test_docker_is_the_archive_s_where_it_has_one(
    profile: HostProfile, version: str, package: str
) -> None:
    engine = docker(profile)
    assert (engine.origin, engine.version) == ("distribution", version)
    assert package in engine.packages and not engine.versions


def test_containerd_and_runc_are_held_with_docker() -> None:
    assert {"docker.io", "containerd", "runc"} <= set(docker(BOOKWORM).held)
    assert "containerd.io" in docker(BOOKWORM, docker_origin="docker").held


def test_docker_s_own_where_the_archive_has_none() -> None:
    engine = docker(ROCKY)
    assert engine.origin == "docker" and "docker-ce" in engine.packages


def test_docker_s_own_is_pinned_with_its_epoch_on_apt_and_without_on_dnf() -> None:
    version = CATALOG.containers.docker_ce.version
    assert docker(BOOKWORM, docker_origin="docker").versions["docker-ce"] == f"5:{version}-*"
    assert docker(ROCKY).versions["docker-ce-cli"] == f"{version}-*"


def test_version_that_the_archive_does_not_have_comes_from_docker() -> None:
    engine = docker(BOOKWORM, docker_version="29.4.1")
    assert (engine.origin, engine.version) == ("docker", "29.4.1")


def test_version_is_refused_where_the_archive_is_a_must() -> None:
    conflict = refused(
        "DOCKER-VERSION", BOOKWORM, docker_version="29.4.1", docker_origin="distribution"
    )
    assert any("docker_origin: docker" in remedy for remedy in conflict.remedies)


def test_version_in_part_is_refused() -> None:
    refused("DOCKER-VERSION", ROCKY, docker_version="29")


def test_docker_from_an_archive_that_has_none_is_refused_with_both_ways_out() -> None:
    conflict = refused("ENGINE-NONE", ROCKY, docker_origin="distribution")
    said = " ".join(conflict.remedies)
    assert "docker_origin: docker" in said and "podman" in said


def test_docker_that_is_there_stays_with_its_origin() -> None:
    there = InstalledEngine("30.1.0", "docker")
    engine = docker(replace(BOOKWORM, docker=there))
    assert (engine.origin, engine.version) == ("docker", "30.1.0")


def test_docker_that_is_there_is_not_moved_back_unasked() -> None:
    there = InstalledEngine("30.1.0", "docker")
    assert docker(replace(ROCKY, docker=there)).versions["docker-ce"] == "30.1.0-*"
    asked = docker(replace(ROCKY, docker=there), docker_version="29.4.1")
    assert asked.versions["docker-ce"] == "29.4.1-*"


def test_archive_s_docker_that_is_there_decides_how_gpus_are_given() -> None:
    newer = replace(JAMMY, docker=InstalledEngine("24.0.7", "distribution"))
    assert containers(newer).injection == "runtime"
    assert containers(JAMMY).injection == "cdi"


def test_podman_older_than_cdi_is_refused() -> None:
    conflict = refused("CDI-PODMAN", JAMMY, container_engines=["podman"])
    assert "3.4.4" in conflict.why


def test_several_engines_share_one_containerd() -> None:
    made = containers(ROCKY, container_engines=["containerd", "docker", "podman"])
    origins = {engine.engine: engine.origin for engine in made.engines}
    assert origins == {"containerd": "docker", "docker": "docker", "podman": "distribution"}


def test_containerd_follows_a_docker_of_another_version() -> None:
    made = containers(BOOKWORM, container_engines=["containerd", "docker"], docker_version="29.4.1")
    assert {engine.origin for engine in made.engines} == {"docker"}


def test_engine_that_no_test_installs_is_said() -> None:
    assert "docker" in noticed("PART-UNTRIED", container_plan(ROCKY)).what
    known = container_plan(TRIXIE, driver_origin="nvidia")
    assert "PART-UNTRIED" not in {notice.code for notice in known.notices}


def test_all_packages_of_the_toolkit_have_one_exact_version() -> None:
    toolkit = containers(BOOKWORM).toolkit
    assert len(toolkit.packages) == 4
    assert dict(toolkit.versions) == dict.fromkeys(toolkit.packages, "1.20.0-1")


def test_toolkit_s_version_can_be_asked_for() -> None:
    toolkit = containers(BOOKWORM, toolkit_version="1.19.1").toolkit
    assert set(toolkit.versions.values()) == {"1.19.1-1"}


def test_newer_toolkit_that_is_there_stays_unless_another_is_asked_for() -> None:
    newer = replace(BOOKWORM, toolkit="1.20.1")
    assert containers(newer).toolkit.version == "1.20.1"
    assert containers(newer, toolkit_version="1.20.0").toolkit.version == "1.20.0"
    assert containers(replace(BOOKWORM, toolkit="1.17.8")).toolkit.version == "1.20.0"


@pytest.mark.parametrize("version", ["1.17.8", "1.20", "latest"])
def test_toolkit_that_keeps_no_specs_fresh_is_refused(version: str) -> None:
    conflict = refused("TOOLKIT-VERSION", BOOKWORM, toolkit_version=version)
    assert version in conflict.what


def test_toolkit_s_key_lies_above_its_index() -> None:
    found = source(container_plan(BOOKWORM), "toolkit")
    base = "https://nvidia.github.io/libnvidia-container/"
    assert found.address == f"{base}stable/deb/amd64/" == found.index == found.packages_index
    assert found.key_address == f"{base}gpgkey"
    assert found.fingerprints == ("C95B321B61E88C1809C4F759DDCAE044F796ECB0",)


def test_toolkit_s_rpm_packages_are_known_to_carry_no_signature() -> None:
    found = source(container_plan(ROCKY), "toolkit")
    assert (found.address.endswith("stable/rpm/x86_64/"), found.signed) == (True, ("index",))


def test_docker_s_apt_repository_has_a_suite() -> None:
    found = source(container_plan(BOOKWORM, docker_origin="docker"), "docker")
    base = "https://download.docker.com/linux/debian/"
    assert (found.address, found.suite, found.component) == (base, "bookworm", "stable")
    assert found.index == f"{base}dists/bookworm/"
    assert found.packages_index == f"{base}dists/bookworm/stable/binary-amd64/"
    assert found.key_address == f"{base}gpg"


def test_docker_s_dnf_repository_has_its_release_in_the_address() -> None:
    found = source(container_plan(ROCKY), "docker")
    assert found.address == "https://download.docker.com/linux/centos/9/x86_64/stable/"
    assert found.key_address == "https://download.docker.com/linux/centos/gpg"
    assert found.signed == ("packages",)


def test_mirrors_and_keys_of_host_data_replace_the_makers() -> None:
    profile = replace(
        BOOKWORM,
        indexes={"toolkit": "https://m.example/ctk", "docker": "https://m.example/docker/linux/"},
        fingerprints={"toolkit": ("A" * 40,), "docker": ("B" * 40,)},
    )
    plan = container_plan(profile, docker_origin="docker")
    toolkit, engine = source(plan, "toolkit"), source(plan, "docker")
    assert toolkit.address == "https://m.example/ctk/stable/deb/amd64/"
    assert toolkit.key_address == "https://m.example/ctk/gpgkey"
    assert engine.key_address == "https://m.example/docker/linux/debian/gpg"
    assert (toolkit.fingerprints, engine.fingerprints) == (("A" * 40,), ("B" * 40,))


def test_repository_is_for_the_plan_s_packages_only() -> None:
    plan = container_plan(BOOKWORM, docker_origin="docker")
    assert set(source(plan, "toolkit").packages) == set(CATALOG.containers.toolkit.packages)
    assert "docker-ce" in source(plan, "docker").packages


def test_version_that_the_repository_lost_is_a_conflict_with_what_is_there() -> None:
    offered = dict.fromkeys(CATALOG.containers.toolkit.packages, ("1.19.1-1",))
    conflict = refused("VERSION-GONE", replace(BOOKWORM, available=offered))
    assert 'toolkit_version: "1.19.1"' in conflict.remedies[0]


def test_docker_that_its_repository_lost_is_a_conflict_with_what_is_there() -> None:
    offered = dict.fromkeys(CATALOG.containers.toolkit.packages, ("1.20.0-1",))
    offered |= dict.fromkeys(("docker-ce", "docker-ce-cli"), ("5:29.9.2-1~debian.12~bookworm",))
    conflict = refused("VERSION-GONE", replace(BOOKWORM, available=offered), docker_origin="docker")
    assert conflict.what.startswith("Docker's repository")
    assert 'docker_version: "29.9.2"' in conflict.remedies[0]


def test_versions_that_are_there_fit_with_and_without_an_epoch() -> None:
    version = CATALOG.containers.docker_ce.version
    offered = dict.fromkeys(CATALOG.containers.toolkit.packages, ("1.20.0-1",))
    deb = dict.fromkeys(("docker-ce", "docker-ce-cli"), (f"5:{version}-1~debian.12~bookworm",))
    there = replace(BOOKWORM, available={**offered, **deb})
    assert container_plan(there, docker_origin="docker", driver_origin="debian")


@pytest.mark.parametrize(
    ("version", "injection", "features", "flagged", "words"),
    [
        ("24.0.9", "runtime", {}, True, RUNTIME),
        ("25.0.5", "cdi", {"cdi": True}, True, ("--device", "nvidia.com/gpu=all")),
        ("26.1.0", "cdi", {"cdi": True}, False, ("--device", "nvidia.com/gpu=all")),
        ("28.1.1", "cdi", {"cdi": True}, False, ("--device", "nvidia.com/gpu=all")),
        ("28.2.0", "cdi", {}, False, ("--device", "nvidia.com/gpu=all")),
        ("29.1.9", "cdi", {}, False, ("--device", "nvidia.com/gpu=all")),
        ("29.2.0", "cdi", {}, False, ("--gpus", "all")),
    ],
)
def test_how_gpus_are_given_follows_docker_s_version(
    version: str,
    injection: str,
    features: dict[str, bool],
    flagged: bool,
    words: tuple[str, ...],
) -> None:
    made = containers(BOOKWORM, docker_origin="docker", docker_version=version)
    assert (made.injection, dict(made.features), made.ask) == (injection, features, words)
    assert bool(made.cdi_flags) is flagged


def test_old_format_of_specs_is_named_by_nvidia_ctk_s_flag() -> None:
    assert containers(BOOKWORM).cdi_flags == ("no-additional-gids-for-device-nodes",)


def test_toolkit_that_writes_the_old_format_anyway_gets_no_flag() -> None:
    assert containers(BOOKWORM, toolkit_version="1.18.2").cdi_flags == ()


def test_podman_older_than_the_newest_format_keeps_specs_old() -> None:
    noble = host("ubuntu-24.04", "h100")
    assert containers(noble).cdi_flags == ()
    assert containers(noble, container_engines=["docker", "podman"]).cdi_flags


def test_docker_without_cdi_is_said_with_what_loses_gpus() -> None:
    notice = noticed("DOCKER-NO-CDI", container_plan(BOOKWORM))
    assert "daemon-reload" in notice.why and "--runtime=nvidia" in notice.remedy


def test_cdi_for_a_docker_that_does_not_know_it_is_refused() -> None:
    conflict = refused("CDI-DOCKER", BOOKWORM, container_injection="cdi")
    assert "20.10.24" in conflict.what
    assert any("docker_origin: docker" in remedy for remedy in conflict.remedies)


def test_runtime_can_be_asked_for_where_cdi_is_known() -> None:
    made = containers(TRIXIE, container_injection="runtime")
    assert (made.injection, dict(made.features), made.ask) == ("runtime", {}, RUNTIME)


def test_podman_alone_takes_cdi_names() -> None:
    made = containers(TRIXIE, container_engines=["podman"])
    assert (made.injection, made.ask) == ("cdi", ("--device", "nvidia.com/gpu=all"))


def test_jetson_is_no_container_host_and_is_told_what_applies() -> None:
    board = HostProfile("ubuntu-22.04", "aarch64", jetson_l4t="36.4.7")
    conflict = refused("JETSON-CONTAINERS", board, stack="jetson-torch-2.9")
    assert any("nvidia-container" in remedy for remedy in conflict.remedies)


def test_arm_server_gets_packages_of_its_architecture() -> None:
    plan = container_plan(host("ubuntu-22.04", "h100", arch="aarch64"), docker_origin="docker")
    assert source(plan, "toolkit").address.endswith("/deb/arm64/")
    assert source(plan, "docker").packages_index.endswith("/binary-arm64/")


def test_host_without_a_gpu_is_refused_as_ever() -> None:
    refused("NO-GPU", host("debian-12"))


def test_gpu_that_is_only_expected_will_do() -> None:
    profile = HostProfile("debian-13", "x86_64", expected_gpus=(Gpu("h100"),))
    assert containers(profile).toolkit.version == "1.20.0"


@pytest.mark.parametrize("os", [os for os, row in CATALOG.distributions.items() if row.drivers])
def test_every_distribution_has_docker_from_somewhere(os: str) -> None:
    trusted = {"nvidia": ("A" * 40,)}  # release 10 has a key of NVIDIA's that we do not know
    made = container_plan(host(os, "a100", fingerprints=trusted), without=["torch"]).containers
    assert made and made.engines[0].engine == "docker"


@pytest.mark.parametrize(
    ("row", "os"),
    [
        ("Debian 12", "debian-12"),
        ("Debian 13", "debian-13"),
        ("Ubuntu 20.04", "ubuntu-20.04"),
        ("Ubuntu 22.04, 24.04, 26.04", "ubuntu-22.04"),
        ("Ubuntu 22.04, 24.04, 26.04", "ubuntu-24.04"),
        ("Ubuntu 22.04, 24.04, 26.04", "ubuntu-26.04"),
        ("Red Hat family", "rocky-9"),
    ],
)
def test_the_manual_s_table_says_what_is_planned(row: str, os: str) -> None:
    text = (FOLDER.parent / "docs" / "stacks.md").read_text()
    line = re.search(rf"^\| {row} \|.*$", text, re.MULTILINE)
    made = containers(host(os, "h100"))
    assert line and made.engines[0].version in line[0]
    assert f"`{' '.join(made.ask)}`" in line[0]
    assert ("switched on" in line[0]) == bool(made.features)

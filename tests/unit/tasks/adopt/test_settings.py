"""Settings of a host as host data: what is taken, and what never is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from facts.engine_model import Engine, Engines
from facts.handmade_model import Handmade
from facts.model.host import HostState
from facts.model.packages import DnfRepository
from facts.model.settings import Pin, SettingLine
from facts.model.software import Nccl, Setting
from facts.model.system import Unit
from stacks.model.containers import ContainerRequest
from stacks.model.requests import DriverRequest, Stack, TorchRequest
from tasks.adopt.choice import Left
from tasks.adopt.settings import settings
from tasks.host import resolution
from tasks.host.components import components
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.a_handmade_host import handmade, with_driver

CATALOG = resolution.catalog()
STATE = replace(with_driver("535.309.01", "Debian"), pip_index=None)
STACK = Stack("adopted", "", DriverRequest(), None, None, None)
MIRROR = "https://mirror.example.org"


def read(
    state: HostState = STATE,
    more: Handmade | None = None,
    stack: Stack = STACK,
    engines: Engines | None = None,
) -> tuple[dict[str, Any], list[Left]]:
    """Host data, and what is left behind."""
    seen = components(state, CATALOG)
    return settings(state, seen, stack, more or Handmade(), engines, CATALOG)


def with_sources(*addresses: str) -> HostState:
    """The host with these package sources."""
    found = tuple(a_host.source("/", "", uris=(address,)) for address in addresses)
    return replace(STATE, package_manager=replace(STATE.package_manager, sources=found))


def test_gpus_are_counted_by_model() -> None:
    assert read()[0]["expected_gpus"] == ["h100:2"]


def test_gpu_that_nobody_knows_is_not_expected() -> None:
    one = replace(STATE.pci[0], device="ffff")
    data, left = read(replace(STATE, pci=(one,)))
    assert "expected_gpus" not in data and "10de:ffff" in left[0].what


@pytest.mark.parametrize(
    ("address", "mirrors"),
    [
        (f"{MIRROR}/cuda/repos/debian12/x86_64/", {"nvidia": f"{MIRROR}/cuda/repos/"}),
        (f"{MIRROR}/toolkit/stable/deb/amd64", {"toolkit": f"{MIRROR}/toolkit/"}),
        (f"{MIRROR}/docker/linux/debian", {"docker": f"{MIRROR}/docker/linux/"}),
        (CATALOG.repositories.base + "debian12/x86_64/", None),
        (CATALOG.containers.docker_ce.base + "debian", None),
        (f"{MIRROR}/debian", None),
    ],
)
def test_mirrors_are_read_from_the_sources(address: str, mirrors: dict[str, str] | None) -> None:
    assert read(with_sources(address))[0].get("mirrors") == mirrors


def test_mirrors_of_dnf_count_where_they_are_enabled() -> None:
    def repository(name: str, enabled: bool) -> DnfRepository:
        address = f"{MIRROR}/{name}/repos/rhel9/x86_64/"
        return DnfRepository(f"/etc/yum.repos.d/{name}.repo", name, (address,), enabled)

    manager = replace(
        STATE.package_manager, repositories=(repository("on", True), repository("off", False))
    )
    data, _ = read(replace(STATE, package_manager=manager))
    assert data["mirrors"] == {"nvidia": f"{MIRROR}/on/repos/"}


@pytest.mark.parametrize("login", ["me:s3cret@", "HIDDEN@"])
def test_login_in_an_address_is_never_written_and_that_is_told(login: str) -> None:
    address = f"https://{login}mirror.example.org/cuda/repos/debian12/x86_64/"
    proxy = SettingLine("/etc/environment", 1, f"https_proxy=http://{login}proxy.example.org:3128")
    state = with_sources(address)
    state = replace(state, others=replace(state.others, environment=(proxy,)))
    data, left = read(state)
    assert "mirrors" not in data and "proxy" not in data
    assert len([one for one in left if "no secret is written" in one.why]) == 2
    assert "s3cret" not in repr(left)


def test_package_index_and_proxy_of_the_host_go_on() -> None:
    proxy = SettingLine("/etc/environment", 1, 'export HTTP_PROXY="http://proxy.example.org:3128/"')
    state = replace(STATE, pip_index=f"{MIRROR}/simple")
    data, _ = read(replace(state, others=replace(state.others, environment=(proxy,))))
    assert data["mirrors"] == {"pypi": f"{MIRROR}/simple"}
    assert data["proxy"] == "http://proxy.example.org:3128"


@pytest.mark.parametrize("address", ["http://[::bad/simple", "not an address", "file:///x y"])
def test_address_that_nobody_can_read_is_left_and_told(address: str) -> None:
    data, left = read(replace(STATE, pip_index=address))
    assert "mirrors" not in data and any("mirror" in one.what for one in left)


def test_settings_of_nccl_go_on_if_host_data_may_say_them() -> None:
    more = handmade(
        nccl=(
            "NCCL_IB_DISABLE=1",
            "export NCCL_SOCKET_IFNAME='=eth0'",
            "NCCL_DEBUG=$(reboot)",
            "NCCL_IB_TIMEOUT=99",
        )
    )
    data, left = read(more=more)
    assert data["nccl"] == {"NCCL_IB_DISABLE": "1", "NCCL_SOCKET_IFNAME": "=eth0"}
    assert len([one for one in left if one.what == 'the setting "nccl"']) == 2


def test_kernel_that_is_held_is_held_again() -> None:
    image = a_host.package("linux-image-cloud-amd64", "6.1.0-1")
    state = a_host.with_packages(STATE, image)
    assert "kernel_policy" not in read(state)[0]
    holds = ("linux-image-cloud-amd64", "libcuda1", "postgresql-15")
    manager = replace(state.package_manager, holds=holds)
    data, left = read(replace(state, package_manager=manager))
    assert data["kernel_policy"] == "hold"
    # What gpuwright holds itself is no loss.
    assert [one.what for one in left if "holds" in one.what] == ["holds on postgresql-15"]


def test_docker_s_settings_go_on_where_it_is_a_container_host() -> None:
    keys = {"default-runtime": "nvidia", "registry-mirrors": [f"{MIRROR}/"], "data-root": "/srv"}
    said = json.dumps(keys)
    engines = Engines(engine=Engine(daemon_json=said), docker_group=("root", "ana"))
    assert "docker_users" not in read(engines=engines)[0]
    stack = replace(STACK, containers=ContainerRequest())
    data, left = read(stack=stack, engines=engines)
    assert data["docker_users"] == ["ana"]
    assert data["docker_default_runtime"] == "nvidia"
    assert data["docker_registry_mirrors"] == [MIRROR]
    assert "with_native" not in data
    assert any("data-root" in one.what for one in left)
    native = replace(stack, torch=TorchRequest("2.9.1"))
    assert read(stack=native, engines=engines)[0]["with_native"] is True


@pytest.mark.parametrize("text", ["{", "[]", '{"registry-mirrors": 1}', "\ufeff{}"])
def test_settings_of_docker_that_cannot_be_read_say_nothing(text: str) -> None:
    engines = Engines(engine=Engine(daemon_json=text))
    data, _ = read(stack=replace(STACK, containers=ContainerRequest()), engines=engines)
    assert not any(key.startswith("docker_") for key in data)


def test_what_is_nobody_s_host_data_is_told() -> None:
    pin = Pin("/etc/apt/preferences.d/mine", 1, ("nvidia-*",), "version 535.*", 1001)
    state = replace(
        with_sources(f"{MIRROR}/debian"),
        settings=(Setting("/etc/ld.so.conf.d/cuda.conf", "/usr/local/cuda/lib64"),),
        others=replace(STATE.others, pins=(pin,)),
        units={"nvidia-persistenced.service": Unit("nvidia-persistenced", "inactive", "disabled")},
        nccl=(Nccl("/usr", "2.21.5"),),
        secure_boot=True,
        system=replace(STATE.system, container=""),
    )
    _, left = read(state)
    told = {one.what: one.loss for one in left}
    assert told["NCCL 2.21.5 of the system"]
    assert told["Secure Boot is on"] is told[f"kernel {a_host.KERNEL}"] is False
    assert told["pins in /etc/apt/preferences.d/mine"]
    assert told["settings of /etc/ld.so.conf.d/cuda.conf"]
    assert told["package sources on mirror.example.org"] is False
    assert told["NVIDIA's persistence daemon is not active here (inactive, disabled)"] is False

"""The dnf double offers what plans for Rocky ask for, in the streams that they enable."""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache

import pytest
import yaml

from sandbox.doubles import module_streams, names_dnf
from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import Gpu, HostProfile
from stacks.model.plan import Plan
from stacks.requests import with_requests
from stacks.resolve import resolve

RELEASES = ("570.211.01", "580.159.04", "580.178.04", "595.71.05", "595.104.02")


def plan(os_name: str, branch: str, flavour: str) -> Plan:
    requests = {"driver_branch": branch, "driver_flavour": flavour, "without": ["torch", "cudnn"]}
    gpu = Gpu("h100" if flavour == "open" else "a100")
    stack = with_requests(load_stack("pytorch-2.9"), requests)
    found = resolve(stack, HostProfile(os_name, "x86_64", (gpu,)), load_catalog())
    assert found.plan, found.conflicts
    return found.plan


@cache
def streams(distribution: str) -> dict[str, set[str]]:
    """Stream to the packages in it, as ``name-epoch:version-release.arch``."""
    drivers = {version: names_dnf.driver(distribution, version) for version in RELEASES}
    documents = yaml.safe_load_all(module_streams.streams(drivers))
    return {d["data"]["stream"]: set(d["data"]["artifacts"]["rpms"]) for d in documents}


@pytest.mark.parametrize("os_name", ["rocky-8", "rocky-9"])
@pytest.mark.parametrize("branch", ["570", "580", "595"])
@pytest.mark.parametrize("flavour", ["open", "proprietary"])
def test_planned_driver_is_in_the_planned_stream(os_name: str, branch: str, flavour: str) -> None:
    driver = plan(os_name, branch, flavour).driver
    assert driver is not None
    module, _, stream = driver.stream.partition(":")
    assert module == "nvidia-driver"
    inside = streams(f"rhel{os_name[-1]}")[stream]
    for name in driver.packages:
        pattern = f"{name}-*:{driver.versions[name]}.*"
        assert any(fnmatchcase(nevra, pattern) for nevra in inside), pattern


@pytest.mark.parametrize("os_name", ["rocky-8", "rocky-9"])
def test_planned_toolkit_is_offered_in_its_versions(os_name: str) -> None:
    cuda = plan(os_name, "580", "open").cuda
    assert cuda is not None and cuda.origin == "nvidia"
    offered = {(p.name, f"{p.version}-{p.release}") for p in names_dnf.others()}
    assert {(name, cuda.versions[name]) for name in cuda.packages} - offered == set()


def test_flavours_do_not_share_a_stream() -> None:
    found = streams("rhel9")
    assert not any(n.startswith("kmod-nvidia-latest") for n in found["580-open"])
    assert not any(n.startswith("kmod-nvidia-open") for n in found["580-dkms"])
    assert not any(n.startswith("kmod-") for n in found["580"])


def test_newest_branch_is_what_latest_means() -> None:
    found = streams("rhel9")
    assert found["open-dkms"] == found["595-open"]

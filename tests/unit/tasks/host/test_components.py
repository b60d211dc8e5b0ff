"""What a host has of each part, and where it is from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from facts.model.host import HostState
from facts.model.software import Compiler, CudaToolkit, Cudnn, Nccl
from stacks.model.requests import Flavour
from tasks.host import resolution
from tasks.host.components import OURS, Components, components, variant, with_containerd
from tests.unit.facts import golden_hosts
from tests.unit.tasks import a_host
from tests.unit.tasks.adopt.a_handmade_host import handmade, pytorch, with_cudnn, with_driver

CATALOG = resolution.catalog()
H100 = golden_hosts.state("debian-12-managed-h100.txt")


def seen(state: HostState) -> Components:
    """Its parts, without a further look."""
    return components(state, CATALOG)


def test_parts_of_a_real_host_are_those_that_were_put_there() -> None:
    found = seen(H100)
    assert found.gpus == ("h100",)
    assert found.driver is not None
    assert (found.driver.version, found.driver.branch) == ("535.309.01", "535")
    assert (found.driver.origin, found.driver.flavour) == ("debian", "proprietary")
    assert [(c.version, c.origin, c.compiles) for c in found.cuda] == [("11.8", "debian", True)]
    assert [(c.version, c.origin) for c in found.cudnn] == [("8.9.6.50", OURS)]
    assert [(t.version, t.kind, t.variant, t.python) for t in found.torch] == [
        ("2.9.1", OURS, "cu128", "3.11")
    ]


def test_bare_host_has_its_gpus_alone() -> None:
    assert seen(a_host.bare()) == Components(gpus=("h100", "h100"), driver=None)


@pytest.mark.parametrize(
    ("origin", "flavour", "told"),
    [("NVIDIA", "open", "nvidia"), ("Debian", "proprietary", "debian"), ("runfile", "open", None)],
)
def test_driver_has_origin_and_flavour(origin: str, flavour: Flavour, told: str | None) -> None:
    driver = seen(with_driver("580.159.04", origin, flavour)).driver
    assert driver is not None and (driver.origin, driver.flavour) == (told or origin, flavour)


def test_flavour_of_a_driver_without_modules_is_unknown() -> None:
    state = with_driver("580.159.04", "NVIDIA")
    driver = seen(replace(state, driver=replace(state.driver, modules=()))).driver
    assert driver is not None and driver.flavour is None


@pytest.mark.parametrize(
    ("toolkit", "package", "origin"),
    [
        (CudaToolkit("/usr/local/cuda-11.8", "11.8.0", None, None, True), "", "runfile"),
        (CudaToolkit("/usr/local/cuda-11.8", "11.8.0", None, None), "", "files"),
        (CudaToolkit("/usr/local/cuda-12.4", "12.4.1", None, None), "cuda-nvcc-12-4", "nvidia"),
        (CudaToolkit("/usr/lib/cuda", "11.8.0", None, None), "nvidia-cuda-toolkit", "nvidia"),
    ],
)
def test_toolkit_has_the_origin_of_its_package(
    toolkit: CudaToolkit, package: str, origin: str
) -> None:
    state = replace(a_host.bare(), cuda=(toolkit,))
    if package:
        made = replace(a_host.package(package, "12.4.1-1"), origin="NVIDIA")
        state = a_host.with_packages(state, made)
    (found,) = seen(state).cuda
    assert (found.origin, found.compiles) == (origin, False)


def test_toolkit_compiles_where_nvcc_and_a_compiler_are() -> None:
    toolkit = CudaToolkit("/usr/local/cuda-11.8", "11.8.0", "/usr/local/cuda-11.8/bin/nvcc", None)
    state = replace(a_host.bare(), cuda=(toolkit,), compilers=())
    assert not seen(state).cuda[0].compiles
    compiler = Compiler("/usr/bin/g++-11", "g++", "11.3.0")
    assert seen(replace(state, compilers=(compiler,))).cuda[0].compiles


def test_cudnn_of_a_package_has_its_whole_version() -> None:
    state = with_cudnn(a_host.bare(), "8.9.7", "/usr")
    made = replace(a_host.package("libcudnn8", "8.9.7.29-1+cuda11.8"), origin="NVIDIA")
    (found,) = seen(a_host.with_packages(state, made)).cudnn
    assert (found.version, found.origin) == ("8.9.7.29", "nvidia")
    (bare,) = seen(state).cudnn
    assert (bare.version, bare.origin) == ("8.9.7", "files")
    state = replace(a_host.bare(), cudnn=(Cudnn("/usr/local/cuda-11.8", None, ("x",)),))
    assert seen(state).cudnn == ()  # nothing tells its version


@pytest.mark.parametrize(
    ("said", "packages", "build", "told"),
    [
        ("2.9.1+cu126", {}, None, "cu126"),
        ("2.9.1+cpu", {}, None, "cpu"),
        ("2.9.1", {"nvidia-cuda-runtime-cu12": "12.6.77"}, None, "cu126"),
        ("2.9.1", {"nvidia-cuda-runtime-cu12": "12.1.1"}, None, None),
        ("2.9.1", {}, None, "cu128"),
        ("2.5.1", {}, "py3.12_cuda12.4_cudnn9.1.0_0", "cu124"),
        ("2.5.1", {}, "py3.12_cpu_0", "cpu"),
        ("2.5.1", {}, None, None),
        ("2.9.0a0+git123", {}, None, None),
    ],
)
def test_build_of_pytorch_is_told_by_its_names(
    said: str, packages: dict[str, str], build: str | None, told: str | None
) -> None:
    assert variant(said, packages, build, CATALOG, "x86_64") == told


def test_pytorch_of_others_is_known_by_a_further_look() -> None:
    more = handmade(pytorch("2.9.0a0+git123", "venv"), pytorch("2.9.1+cu126", "conda", others=7))
    source, conda = components(a_host.bare(), CATALOG, more).torch
    assert (source.version, source.from_source) == ("2.9.0a0", True)
    assert (conda.version, conda.variant, conda.others) == ("2.9.1", "cu126", 7)
    assert not conda.from_source


def test_containerd_counts_where_docker_has_not_brought_it() -> None:
    alone = a_host.with_packages(a_host.bare(), a_host.package("containerd", "1.6.20~ds1-1"))
    assert [(e.name, e.version) for e in seen(alone).engines] == [("containerd", "1.6.20")]
    both = a_host.with_packages(alone, a_host.package("docker.io", "20.10.24+dfsg1-1"))
    assert [e.name for e in seen(both).engines] == ["docker"]
    assert [e.name for e in with_containerd(both, seen(both)).engines] == ["docker", "containerd"]


def test_nccl_of_the_system_is_told() -> None:
    state = replace(a_host.bare(), nccl=(Nccl("/usr", "2.21.5"), Nccl("/usr/local", None)))
    assert seen(state).nccl == ("2.21.5",)

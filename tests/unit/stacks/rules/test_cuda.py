"""Rules about the system's CUDA 11.8 and cuDNN 8."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stacks.load import load_stack
from tests.unit.stacks.hosts import CATALOG, host, noticed, planned, refused


@pytest.mark.parametrize("gpu", ["b200", "b300", "gb200", "rtx5090", "rtxpro6000"])
def test_blackwell_118_is_refused_with_pytorch_alone_as_the_way_out(gpu: str) -> None:
    conflict = refused("GPU-118-BLACKWELL", host("ubuntu-24.04", gpu))
    assert "cannot compile" in conflict.what
    assert "without: [cuda]" in conflict.remedies[0]
    assert f"--gpu {gpu} --without cuda" in conflict.remedies[0]


def test_blackwell_118_goes_away_when_cuda_is_left_out() -> None:
    plan = planned(host("ubuntu-24.04", "b200"), without=["cuda"])
    assert plan.cuda is None and plan.cudnn is None and plan.torch is not None


@pytest.mark.parametrize("os", ["ubuntu-24.04", "debian-12", "debian-13"])
def test_ubuntu2404_118_apt_is_refused(os: str) -> None:
    conflict = refused("CUDA-ORIGIN", host(os, "a100"), cuda_origin="nvidia")
    assert any("cuda=redist" in remedy for remedy in conflict.remedies)
    assert any("container" in remedy for remedy in conflict.remedies)


def test_ubuntu2404_118_apt_offers_debian_12_its_archive() -> None:
    conflict = refused("CUDA-ORIGIN", host("debian-12", "a100"), cuda_origin="nvidia")
    assert "cuda=debian" in conflict.remedies[0]


def test_nvidia_apt_serves_118_on_ubuntu_2204() -> None:
    cuda = planned(host("ubuntu-22.04", "a100"), cuda_origin="nvidia").cuda
    assert cuda is not None
    assert "cuda-nvcc-11-8" in cuda.packages
    assert not {"cuda", "cuda-11-8"} & set(cuda.packages), "they pull driver 520 in"


@pytest.mark.parametrize(
    ("os", "compiler"),
    [
        ("debian-12", "/usr/bin/g++-11"),
        ("ubuntu-22.04", "/usr/bin/g++-11"),
        ("ubuntu-24.04", "/usr/bin/g++-11"),
    ],
)
def test_gcc_118_gives_nvcc_a_compiler_it_accepts(os: str, compiler: str) -> None:
    cuda = planned(host(os, "a100")).cuda
    assert cuda is not None
    assert cuda.host_compiler == compiler
    assert cuda.compiler_packages


def test_trixie_118_is_runtime_only_and_says_why() -> None:
    plan = planned(host("debian-13", "a100"))
    assert plan.cuda is not None
    assert (plan.cuda.purpose, plan.cuda.nvcc, plan.cuda.host_compiler) == ("runtime", "", "")
    assert "gcc 6 to 11" in noticed("CUDA-RUNTIME-ONLY", plan).why


def test_trixie_118_runtime_downloads_no_compiler() -> None:
    cuda = planned(host("debian-13", "a100")).cuda
    assert cuda is not None
    names = {download.name for download in cuda.downloads}
    assert {"cuda_cudart", "libcublas", "cuda_nvrtc"} <= names
    assert not {"cuda_nvcc", "cuda_cccl"} & names


def test_trixie_118_compile_is_refused() -> None:
    conflict = refused("CUDA-NO-COMPILER", host("debian-13", "a100"), cuda_purpose="compile")
    assert any("container" in remedy for remedy in conflict.remedies)


def test_redist_for_compiling_brings_nvcc_and_every_file_has_a_digest() -> None:
    cuda = planned(host("debian-12", "a100"), cuda_origin="redist").cuda
    assert cuda is not None
    assert "cuda_nvcc" in {download.name for download in cuda.downloads}
    assert all(len(download.sha256) == 64 and download.size for download in cuda.downloads)
    assert cuda.nvcc == "/usr/local/cuda-11.8/bin/nvcc"
    assert cuda.packages == ()


@pytest.mark.parametrize("gpu", ["gh200", "a100", "l4"])
@pytest.mark.parametrize("os", ["ubuntu-24.04", "ubuntu-26.04", "debian-13"])
def test_arm64_servers_get_the_tarballs_that_are_made_for_them(os: str, gpu: str) -> None:
    plan = planned(host(os, gpu, arch="aarch64"))
    assert plan.cuda is not None and plan.cudnn is not None and plan.cudnn.download is not None
    assert plan.cuda.origin == "redist"
    files = (*plan.cuda.downloads, plan.cudnn.download)
    assert all("/linux-sbsa/" in f.path and len(f.sha256) == 64 and f.size for f in files)
    assert {"cuda_cudart", "libcublas", "libcusolver"} <= {f.name for f in files}
    assert plan.torch is not None and plan.torch.variant.startswith("cu")


def test_arm64_servers_have_every_component_but_those_that_there_are_not() -> None:
    files = CATALOG.cuda.redist["11.8"].files
    assert set(files["x86_64"]) - set(files["aarch64"]) == {"libcufile", "cuda_nvprof"}
    roles = {name: file.role for name, file in files["aarch64"].items()}
    assert roles == {name: files["x86_64"][name].role for name in roles}


def test_runtime_on_request_has_neither_nvcc_nor_notice() -> None:
    plan = planned(host("debian-12", "a100"), cuda_purpose="runtime")
    assert plan.cuda is not None
    assert plan.cuda.nvcc == ""
    assert "CUDA-RUNTIME-ONLY" not in [notice.code for notice in plan.notices]


def test_archive_toolkit_is_not_mixed_with_nvidia_s_driver() -> None:
    cuda = planned(host("debian-12", "a100"), driver_origin="nvidia").cuda
    assert cuda is not None
    assert cuda.origin == "redist"


def test_unknown_toolkit_is_refused_with_the_known_one() -> None:

    stack = load_stack("pytorch-2.9")
    assert stack.cuda is not None
    odd = replace(stack, cuda=replace(stack.cuda, version="11.9"))
    conflict = refused("CUDA-VERSION", host("debian-12", "a100"), odd)
    assert any("11.8" in remedy for remedy in conflict.remedies)


def test_cudnn8_rt_vs_debian_is_refused() -> None:
    conflict = refused("CUDNN-ORIGIN", host("debian-12", "a100"), cudnn_origin="debian")
    assert "without a checksum" in conflict.why
    assert "cudnn=wheels" in conflict.remedies[0]


def test_cudnn_on_aarch64_comes_as_a_tarball_for_there_is_no_wheel() -> None:
    cudnn = planned(host("debian-12", "a100", arch="aarch64")).cudnn
    assert cudnn is not None and cudnn.download is not None
    assert cudnn.origin == "redist"
    assert "sbsa" in cudnn.download.path


def test_cudnn_wheel_on_aarch64_is_refused() -> None:
    refused("CUDNN-ORIGIN", host("debian-12", "a100", arch="aarch64"), cudnn_origin="wheels")


def test_unknown_cudnn_is_refused_with_the_known_ones() -> None:
    conflict = refused("CUDNN-VERSION", host("debian-12", "a100"), cudnn_version="7.6")
    assert "8.9.6.50" in conflict.why


def test_cudnn_can_be_pinned_exactly() -> None:
    cudnn = planned(
        host("debian-12", "a100"), cudnn_version="8.9.6.50", cudnn_origin="redist"
    ).cudnn
    assert cudnn is not None
    assert cudnn.version == "8.9.6.50"

"""The main job: Debian 12 with a data-centre GPU gets two stacks and one driver."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatch

from stacks.model.host import Gpu, HostProfile
from tests.unit.stacks.hosts import host, planned, refused

H100 = host("debian-12", "h100", kernels=("6.1.0-56-cloud-amd64",))


def test_driver_comes_from_the_archive_with_headless_packages_only() -> None:
    driver = planned(H100, driver_origin="debian").driver
    assert driver is not None
    assert (driver.branch, driver.version, driver.flavour) == ("535", "535.309.01", "proprietary")
    assert driver.origin == "debian"
    assert driver.packages == (
        "nvidia-kernel-dkms",
        "nvidia-smi",
        "libcuda1",
        "libnvidia-ml1",
        "nvidia-persistenced",
    )
    assert driver.components == ("contrib", "non-free", "non-free-firmware")


def test_held_driver_set_does_not_catch_the_toolkit_or_persistenced() -> None:

    plan = planned(H100, driver_origin="debian")
    assert plan.driver is not None and plan.cuda is not None
    for package in ("nvidia-cuda-toolkit", "libnvidia-ml-dev", "nvidia-persistenced"):
        assert not any(fnmatch(package, pattern) for pattern in plan.driver.held), package
    for package in ("nvidia-kernel-dkms", "libcuda1", "libnvidia-ptxjitcompiler1", "nvidia-smi"):
        assert any(fnmatch(package, pattern) for pattern in plan.driver.held), package
        assert not any(fnmatch(package, pattern) for pattern in plan.cuda.held), package


def test_toolkit_is_the_archive_s_with_gcc_11_for_nvcc() -> None:
    cuda = planned(H100, driver_origin="debian").cuda
    assert cuda is not None
    assert (cuda.version, cuda.release, cuda.origin) == ("11.8", "V11.8.89", "debian")
    assert cuda.purpose == "compile"
    assert cuda.packages == ("nvidia-cuda-toolkit",)
    assert cuda.nvcc == "/usr/bin/nvcc"
    assert cuda.host_compiler == "/usr/bin/g++-11"
    assert "g++-11" in cuda.compiler_packages


def test_cudnn_is_the_wheel_with_its_hash() -> None:
    cudnn = planned(H100).cudnn
    assert cudnn is not None
    assert (cudnn.version, cudnn.origin) == ("8.9.6.50", "wheels")
    assert cudnn.prefix == "/opt/gpuwright/cudnn/8.9.6.50-cuda11"
    name, _, digest = cudnn.wheel.partition(" --hash=sha256:")
    assert name == "nvidia-cudnn-cu11==8.9.6.50"
    assert len(digest) == 64


def test_torch_is_the_default_index_s_build_and_hash_locked() -> None:
    torch = planned(H100).torch
    assert torch is not None
    assert (torch.version, torch.variant, torch.python) == ("2.9.1", "cu128", "3.11")
    assert torch.index is None
    assert torch.locked
    assert set(torch.packages) == {*("torch", "torchvision", "torchaudio"), "nvidia-ml-py", "numpy"}


def test_coexist_both_stacks_stand_side_by_side_with_one_driver_above_both_floors() -> None:
    plan = planned(H100)
    assert plan.cuda is not None and plan.torch is not None and plan.driver is not None
    assert plan.cuda.version == "11.8"
    assert plan.torch.cuda == "12.8"
    assert plan.driver.floor == "525.60.13"
    assert plan.reasons[0].choice == "two stacks, one driver"


def test_plan_is_live_and_every_reason_has_a_source() -> None:
    plan = planned(H100, driver_origin="debian")
    assert plan.support == "live"
    assert all(reason.source for reason in plan.reasons)


def test_another_patch_version_of_torch_makes_another_environment() -> None:
    new, old = planned(H100).torch, planned(H100, torch_version="2.9.0").torch
    assert new is not None and old is not None
    assert old.locked
    assert old.env_digest != new.env_digest


def test_digest_ignores_reasons_but_not_versions() -> None:
    with_kernel = planned(host("debian-12", "h100", kernels=("6.1.0-50-cloud-amd64",)))
    assert planned(H100).digest == with_kernel.digest
    assert planned(H100).digest != planned(H100, torch_version="2.9.0").digest


def test_cudnn_from_redist_is_the_newer_one() -> None:
    cudnn = planned(H100, cudnn_origin="redist").cudnn
    assert cudnn is not None and cudnn.download is not None
    assert cudnn.version == "8.9.7.29"
    assert cudnn.download.url.startswith("https://developer.download.nvidia.com/compute/cudnn/")
    assert len(cudnn.download.sha256) == 64


def test_mirror_of_redist_takes_the_base_s_place_and_keeps_the_hashes() -> None:
    mirrored = host("debian-12", "h100", indexes={"redist": "https://mirror.example/nv/"})
    cuda = planned(mirrored, cuda_origin="redist").cuda
    plain = planned(H100, cuda_origin="redist").cuda
    assert cuda is not None and plain is not None
    assert all(d.url.startswith("https://mirror.example/nv/cuda/redist/") for d in cuda.downloads)
    assert [d.sha256 for d in cuda.downloads] == [d.sha256 for d in plain.downloads]


def test_no_gpu_is_refused_with_the_way_to_bake_an_image() -> None:
    conflict = refused("NO-GPU", host("debian-12"))
    assert any("expected_gpus" in remedy for remedy in conflict.remedies)


def test_expected_gpu_is_planned_as_if_it_were_there() -> None:

    baked = HostProfile("debian-12", "x86_64", expected_gpus=(Gpu("h100"),))
    plan = planned(baked)
    assert plan.gpus == (Gpu("h100"),)
    assert "GPU-EXPECTED" in [notice.code for notice in plan.notices]
    assert plan.digest == planned(host("debian-12", "h100")).digest


def test_gpu_is_found_by_its_pci_id() -> None:

    profile = HostProfile("debian-12", "x86_64", gpus=(Gpu(None, pci_id="2330"),))
    assert planned(profile).torch == planned(host("debian-12", "h100")).torch


def test_unknown_gpu_is_taken_for_the_newest_and_named_by_its_id() -> None:
    profile = HostProfile("debian-12", "x86_64", gpus=(Gpu(None, pci_id="ffff"),))
    plan = planned(profile)
    (notice,) = [n for n in plan.notices if n.code == "GPU-UNKNOWN"]
    assert "10de:ffff" in notice.what
    assert "gpu_like" in notice.remedy
    assert plan.driver is not None
    assert (plan.driver.origin, plan.driver.flavour) == ("nvidia", "open")


def test_unknown_gpu_of_an_old_age_gets_a_branch_that_drives_that_age() -> None:
    profile = HostProfile("debian-12", "x86_64", gpus=(Gpu(None, pci_id="1b99"),))
    driver = planned(profile).driver
    assert driver is not None
    assert (driver.flavour, int(driver.branch) <= 580) == ("proprietary", True)


def test_unknown_gpu_is_what_host_data_call_it() -> None:
    unknown = HostProfile("debian-12", "x86_64", gpus=(Gpu(None, pci_id="ffff"),))
    plan = planned(replace(unknown, gpu_like="rtx3090"))
    assert plan.torch == planned(host("debian-12", "rtx3090")).torch
    assert "GPU-UNKNOWN" not in {n.code for n in plan.notices}
    assert plan.driver == planned(host("debian-12", "rtx3090")).driver


def test_unknown_gpu_beside_a_known_one_leaves_the_known_one_its_rules() -> None:
    cards = (Gpu(None, pci_id="ffff"), Gpu(None, pci_id="2901"))
    assert refused("GPU-118-BLACKWELL", HostProfile("debian-12", "x86_64", gpus=cards))

"""Rules about PyTorch: builds, GPUs, indexes, C library, Python."""

from __future__ import annotations

import pytest

from stacks.catalog.read import load_catalog
from stacks.load import load_stack
from stacks.model.host import HostProfile
from stacks.rules.torch_refusals import runs_on
from tests.unit.stacks.hosts import host, noticed, planned, refused, torch_request


def variant(os: str, *gpus: str) -> str:
    torch = planned(host(os, *gpus)).torch
    assert torch is not None
    return torch.variant


def test_torch29_cu118_wheel_is_refused_with_three_ways_out() -> None:
    conflict = refused("TORCH-NO-CU118", host("debian-12", "a100"), torch_variant="cu118")
    assert "2.7.1" in conflict.why
    text = " ".join(conflict.remedies)
    for stack in ("pytorch-2.9", "pytorch-2.7-cu118", "pytorch-2.3-cu118-cudnn8"):
        assert stack in text


def test_torch29_cu118_source_is_refused_with_cmake_s_words() -> None:
    conflict = refused("TORCH-118-SOURCE", host("debian-12", "a100"), torch_request(build="source"))
    assert "PyTorch requires CUDA 12.0 or above." in conflict.why
    assert any("2.8.0" in remedy for remedy in conflict.remedies)


def test_source_build_without_cuda_118_is_refused_as_not_ours() -> None:
    stack = torch_request(build="source")
    refused("TORCH-SOURCE", host("debian-12", "a100"), stack, without=["cuda"])


def test_torch29_cudnn8_is_refused() -> None:
    conflict = refused("TORCH-NO-CUDNN8", host("debian-12", "a100"), torch_request(cudnn="8"))
    assert "libcudnn.so.9" in conflict.why
    assert any("pytorch-2.3-cu118-cudnn8" in remedy for remedy in conflict.remedies)


@pytest.mark.parametrize("gpu", ["v100", "t4", "a100", "l40s", "h100", "h200"])
def test_default_build_is_taken_where_it_fits(gpu: str) -> None:
    assert variant("debian-12", gpu) == "cu128"


@pytest.mark.parametrize("gpu", ["m60", "p100", "p40", "gtx1080ti"])
def test_cu128_pascal_gets_cu126_from_pytorch_s_index(gpu: str) -> None:
    torch = planned(host("debian-12", gpu)).torch
    assert torch is not None
    assert torch.variant == "cu126"
    assert torch.index == "https://download.pytorch.org/whl/cu126"


def test_cu128_pascal_is_refused_when_asked_for_and_cu126_is_offered() -> None:
    conflict = refused("TORCH-NO-SM", host("debian-12", "p100"), torch_variant="cu128")
    assert "cu126" in conflict.remedies[0]


@pytest.mark.parametrize("gpu", ["m60", "p100", "v100"])
def test_cu130_pre_turing_is_refused(gpu: str) -> None:
    refused("TORCH-NO-SM", host("ubuntu-22.04", gpu), torch_variant="cu130")


def test_kepler_is_refused_with_the_stack_that_serves_it() -> None:
    conflict = refused("GPU-KEPLER", host("debian-12", "k80"))
    assert "pytorch-2.7-cu118" in conflict.remedies[0]


def test_kepler_k40_has_no_code_in_any_build() -> None:
    refused("TORCH-NO-SM", host("debian-12", "k40"), "pytorch-2.7-cu118")


def test_mixed_pascal_and_hopper_share_cu126() -> None:
    assert variant("debian-12", "p100", "h100") == "cu126"


def test_mixed_pascal_and_blackwell_have_no_common_build() -> None:
    refused("TORCH-NO-SM", host("debian-12", "p100", "b200"), without=["cuda"])


@pytest.mark.parametrize(
    ("codes", "sm", "runs"),
    [
        (["8.6"], "8.9", True),
        (["8.0"], "8.7", True),
        (["10.0"], "10.3", True),
        (["12.0"], "12.1", True),
        (["8.6"], "8.0", False),
        (["9.0"], "10.0", False),
        (["7.0", "9.0"], "8.0", False),
    ],
)
def test_sm_match_needs_the_same_major_and_a_minor_not_above(
    codes: list[str], sm: str, runs: bool
) -> None:
    pairs = [tuple(int(part) for part in code.split(".")) for code in codes]
    assert runs_on(pairs, tuple(int(part) for part in sm.split("."))) is runs


def test_aarch64_pypi_is_refused_as_cpu_only() -> None:
    conflict = refused(
        "AARCH64-PYPI", host("ubuntu-22.04", "gh200", arch="aarch64"), torch_index="pypi"
    )
    assert "CPU-only" in conflict.what


def test_aarch64_gets_a_cuda_build_from_pytorch_s_index() -> None:
    torch = planned(host("ubuntu-22.04", "gh200", arch="aarch64")).torch
    assert torch is not None
    assert torch.index is not None and torch.index.endswith(f"/{torch.variant}")


def test_aarch64_pypi_serves_cuda_where_its_wheel_does() -> None:
    profile = host("ubuntu-24.04", "gh200", arch="aarch64")
    torch = planned(profile, "pytorch-current", torch_index="pypi").torch
    assert torch is not None
    assert (torch.cuda, torch.index, torch.locked) == ("13.2", None, True)


@pytest.mark.parametrize("gpu", ["t4", "a100", "h100", "b200", "rtx5090"])
def test_current_stack_serves_turing_to_blackwell(gpu: str) -> None:
    plan = planned(host("ubuntu-24.04", gpu), "pytorch-current")
    assert plan.torch is not None and plan.driver is not None and plan.cuda is None
    assert plan.torch.locked and plan.driver.floor == "580.65.06"
    assert {"torchvision", "torchaudio"} <= set(plan.torch.packages)


def test_current_stack_on_debian_12_takes_nvidia_s_driver_and_refuses_the_archive_s() -> None:
    plan = planned(host("debian-12", "a100"), "pytorch-current", driver_origin="nvidia")
    assert plan.driver is not None and plan.torch is not None and plan.torch.locked
    conflict = refused(
        "DRIVER-FLOOR", host("debian-12", "a100"), "pytorch-current", driver_origin="debian"
    )
    assert "580.65.06" in conflict.why
    assert "--origin driver=nvidia" in conflict.remedies[0]


def test_current_stack_is_refused_to_what_its_wheel_has_no_code_for() -> None:
    refused("TORCH-NO-SM", host("debian-12", "v100"), "pytorch-current")


def test_system_cuda_118_may_stand_beside_the_current_pytorch() -> None:
    torch = load_stack("pytorch-current").torch
    assert torch is not None
    both = torch_request(version=torch.version)
    plan = planned(host("debian-12", "a100"), both, driver_origin="nvidia")
    assert plan.cuda is not None and plan.torch is not None
    assert (plan.cuda.version, plan.torch.version) == ("11.8", torch.version)


def test_glibc_too_old_is_refused() -> None:
    conflict = refused("GLIBC-OLD", host("centos-7", "a100"))
    assert "2.17" in conflict.why and "2.28" in conflict.why


def test_glibc_that_the_host_reports_wins_over_the_catalogue() -> None:
    refused("GLIBC-OLD", host("debian-12", "a100", glibc="2.27"))


def test_glibc_of_the_limit_is_enough() -> None:
    planned(host("debian-12", "a100", glibc="2.28"))


@pytest.mark.parametrize("os", ["ubuntu-20.04", "debian-11"])
def test_py_without_a_fitting_interpreter_is_refused(os: str) -> None:
    conflict = refused("PYTHON-NONE", host(os, "a100"))
    assert "3.10" in conflict.why
    assert "Debian 12" in " ".join(conflict.remedies)


def test_py_asked_for_and_not_there_is_refused() -> None:
    refused("PYTHON-NONE", host("debian-12", "a100"), torch_python="3.9")


def test_py_of_the_archive_can_be_had_and_comes_first() -> None:
    torch = planned(host("debian-12", "a100", pythons=("3.9", "3.12"))).torch
    assert torch is not None
    assert (torch.python, torch.python_packages[0]) == ("3.11", "python3")


def test_py_of_the_host_serves_where_the_archive_has_none_that_fits() -> None:
    torch = planned(host("ubuntu-20.04", "a100", pythons=("3.8", "3.12"))).torch
    assert torch is not None
    assert torch.python == "3.12"


def test_py_3_13_of_debian_13_is_too_new_for_torch_2_3() -> None:
    refused("PYTHON-NONE", host("debian-13", "a100"), "pytorch-2.3-cu118-cudnn8")


def test_unknown_release_is_refused_with_the_nearest() -> None:
    conflict = refused("TORCH-VERSION", host("debian-12", "a100"), torch_version="2.9.7")
    assert any("2.9.1" in remedy for remedy in conflict.remedies)


def test_unknown_build_is_refused_with_the_nearest() -> None:
    conflict = refused("TORCH-NO-VARIANT", host("debian-12", "a100"), torch_variant="cu129")
    assert any("cu12" in remedy for remedy in conflict.remedies)


def test_companions_come_wherever_they_are_locked() -> None:
    unasked = planned(host("debian-12", "a100")).torch
    asked = planned(host("debian-12", "a100"), torch_companions=["torchvision"]).torch
    assert unasked is not None and asked == unasked
    assert unasked.packages["torchvision"] == "0.24.1"
    assert unasked.packages["torchaudio"] == "2.9.1"


def test_companion_that_is_not_locked_is_refused_with_the_file_that_is_missing() -> None:
    conflict = refused(
        *("TORCH-COMPANION", host("debian-12", "a100")),
        torch_variant="cu130", torch_companions=["torchvision", "torchaudio"], driver_branch="580",
        driver_origin="nvidia", torch_python="3.11",
    )  # fmt: skip
    assert "torchaudio-2.9.1+cu130-cp311-cp311-manylinux_2_28_x86_64.whl" in conflict.why
    assert "Omit torchaudio" in conflict.remedies[0]
    planned(
        host("debian-12", "a100"), torch_variant="cu130", torch_companions=["torchvision"],
        driver_branch="580", driver_origin="nvidia",
    )  # fmt: skip


def test_unknown_companion_is_refused() -> None:
    conflict = refused(
        "TORCH-COMPANION", host("debian-12", "a100"), torch_companions=["torchvison"]
    )
    assert "torchvision" in conflict.remedies[0]


@pytest.mark.parametrize(
    ("stack", "profile", "file", "known"),
    [
        (
            "pytorch-2.3-cu118-cudnn8",
            host("debian-12", "a100"),
            "torch-2.3.1+cu118-cp311-cp311-linux_x86_64.whl",
            "No public place",
        ),
        (
            "pytorch-2.3-cu118-cudnn8",
            host("ubuntu-24.04", "a100"),
            "torch-2.3.1+cu118-cp312-cp312-linux_x86_64.whl",
            "READMEs of one project alone; 2 places",
        ),
    ],
)
def test_missing_lock_is_noticed_with_the_file_and_the_command(
    stack: str, profile: HostProfile, file: str, known: str
) -> None:
    plan = planned(profile, stack)
    assert plan.torch is not None and not plan.torch.locked
    notice = noticed("LOCK-MISSING", plan)
    assert file in notice.why and known in notice.why
    command = f"python -m stacks lock {stack} --variant cu118 --python {plan.torch.python}"
    assert command in notice.remedy


def test_companions_of_a_build_without_a_lock_are_those_asked_for() -> None:
    torch = planned(
        host("debian-12", "a100"), "pytorch-2.3-cu118-cudnn8", torch_companions=["torchvision"]
    ).torch
    assert torch is not None
    assert torch.packages["torchvision"] == "0.18.1" and "torchaudio" not in torch.packages


def test_gh200_gets_the_build_that_is_locked_for_its_architecture() -> None:
    torch = planned(host("ubuntu-24.04", "gh200", arch="aarch64"), without=["cuda"]).torch
    assert torch is not None
    assert (torch.variant, torch.python, torch.locked) == ("cu130", "3.12", True)


def test_of_builds_without_a_lock_the_one_is_named_that_a_public_place_tells() -> None:
    plan = planned(host("ubuntu-22.04", "gh200", arch="aarch64"))
    assert plan.torch is not None and not plan.torch.locked
    why = noticed("LOCK-MISSING", plan).why
    assert "torch-2.9.1+cu130-cp310-cp310-manylinux_2_28_aarch64.whl" in why
    assert "nvidia-cosmos/cosmos-transfer2.5 alone" in why


def test_a_python_that_is_locked_goes_before_one_that_is_not() -> None:
    profile = host("ubuntu-22.04", "gh200", arch="aarch64", pythons=("3.10", "3.12"))
    torch = planned(profile).torch
    assert torch is not None
    assert (torch.python, torch.locked) == ("3.12", True)


def test_build_that_is_asked_for_is_taken_without_a_lock_too() -> None:
    profile = host("ubuntu-24.04", "gh200", arch="aarch64")
    plan = planned(profile, torch_variant="cu128", without=["cuda"])
    assert plan.torch is not None and not plan.torch.locked
    assert "torch-2.9.1+cu128-cp312" in noticed("LOCK-MISSING", plan).why


def test_environment_is_named_by_the_lock_s_text() -> None:
    torch = planned(host("debian-12", "a100")).torch
    assert torch is not None
    assert load_catalog().locks[torch.lock].sha256.startswith(torch.env_digest)
    assert len(torch.env_digest) == 12


def test_mirrors_of_the_host_data_are_used() -> None:
    mirrors = {"pypi": "https://mirror.example/simple", "pytorch": "https://mirror.example/whl"}
    new, old = (planned(host("debian-12", gpu, indexes=mirrors)).torch for gpu in ("a100", "p100"))
    assert new is not None and old is not None
    assert new.index == "https://mirror.example/simple"
    assert old.index == "https://mirror.example/whl/cu126"


@pytest.mark.parametrize(
    ("stack", "cudnn"),
    [("pytorch-2.7-cu118", "9.1.0.70"), ("pytorch-2.3-cu118-cudnn8", "8.7.0.84")],
)
def test_cu118_stacks_are_one_stack_with_the_wheel_s_cuda(stack: str, cudnn: str) -> None:
    plan = planned(host("debian-12", "a100"), stack)
    assert plan.cuda is None and plan.cudnn is None
    assert plan.torch is not None and plan.driver is not None
    assert (plan.torch.cuda, plan.torch.cudnn) == ("11.8", cudnn)
    assert plan.driver.floor == "450.80.02"


def test_cu118_stacks_refuse_blackwell_for_want_of_code() -> None:
    refused("TORCH-NO-SM", host("ubuntu-24.04", "b200"), "pytorch-2.7-cu118")


def test_cu118_stacks_are_for_x86_64_only() -> None:
    refused("TORCH-NO-VARIANT", host("debian-12", "a100", arch="aarch64"), "pytorch-2.7-cu118")


def test_unknown_distribution_is_refused_with_the_nearest() -> None:
    assert "debian-12" in refused("OS-UNSUPPORTED", host("debian-21", "a100")).why


def test_unknown_architecture_is_refused() -> None:
    refused("ARCH-UNSUPPORTED", host("debian-12", "a100", arch="riscv64"))

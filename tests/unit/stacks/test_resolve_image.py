"""The image of a stack: what a host of it has, without a driver."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from stacks.load import StackError, load_stack
from stacks.model.host import HostProfile, InstalledDriver
from stacks.model.image import ImagePlan
from stacks.model.messages import Conflict
from stacks.model.requests import Stack
from stacks.requests import with_requests
from stacks.resolve_image import image_plan
from tests.unit.stacks.hosts import CATALOG, host, planned
from tests.unit.stacks.test_resolve_properties import hosts, stacks

H100 = host("debian-12", "h100")


def image(profile: HostProfile = H100, stack: str = "pytorch-2.9", **requests: Any) -> ImagePlan:
    """The image's plan; the test fails with the conflicts where there is none."""
    made = image_plan(with_requests(load_stack(stack), requests, containers=True), profile, CATALOG)
    assert made.plan is not None, made.conflicts
    return made.plan


def refused(
    code: str, profile: HostProfile = H100, stack: str = "pytorch-2.9", **requests: Any
) -> Conflict:
    """The conflict of that code."""
    made = image_plan(with_requests(load_stack(stack), requests, containers=True), profile, CATALOG)
    found = {conflict.code: conflict for conflict in made.conflicts}
    assert made.plan is None and code in found, (list(found), made.plan)
    return found[code]


def test_image_and_native_host_have_the_same_pytorch_from_the_same_lock() -> None:
    native, inside = planned(H100).torch, image().torch
    assert native == inside


def test_image_and_native_host_have_the_same_cuda_and_cudnn() -> None:
    native, inside = planned(H100), image()
    assert native.cuda and inside.cuda and native.cudnn and inside.cudnn
    assert native.cuda.release == inside.cuda.release
    assert native.cudnn.version == inside.cudnn.version


def test_image_on_a_host_of_another_distribution_has_the_image_s_python() -> None:
    plan = image(host("ubuntu-20.04", "a100"))
    assert (plan.os, plan.torch.python) == ("debian-12", "3.11")


def test_name_and_tag_are_those_that_people_type() -> None:
    assert (image().name, image().tag) == ("pytorch-cuda", "v2.9")


def test_libraries_in_the_image_bring_no_part_of_a_driver() -> None:
    plan = image()
    assert plan.cuda and plan.cuda.origin == "debian" and plan.cuda.nvcc == ""
    assert "libcudart11.0" in plan.cuda.packages
    assert not {"libcuda1", "nvidia-cuda-toolkit", "nvidia-cuda-dev"} & set(plan.cuda.packages)


def test_nvcc_in_the_image_comes_without_the_archive_s_driver() -> None:
    plan = image(image_cuda="devel")
    assert plan.cuda and plan.cuda.origin == "redist" and plan.cuda.nvcc
    assert "g++-11" in plan.cuda.compiler_packages


def test_image_without_the_system_s_cuda_has_no_cudnn_of_it() -> None:
    plan = image(image_cuda="none")
    assert plan.cuda is None and plan.cudnn is None and plan.torch.cudnn.startswith("9.")


def test_libraries_from_nvidia_s_repository_are_pinned_one_by_one() -> None:
    plan = image(image_base="ubuntu:22.04")
    assert plan.cuda and plan.cuda.origin == "nvidia"
    assert set(plan.cuda.versions) == set(plan.cuda.packages)
    assert not any(name.startswith("cuda-nvcc") for name in plan.cuda.packages)
    (source,) = plan.repositories
    assert source.fingerprints


def test_blackwell_gets_the_image_without_cuda_11_8() -> None:
    conflict = refused("GPU-118-BLACKWELL", host("debian-12", "b200"))
    assert any("without: [cuda]" in remedy for remedy in conflict.remedies)
    assert image(host("debian-12", "b200"), without=["cuda"]).cuda is None


def test_image_fits_the_driver_that_is_on_the_host() -> None:
    there = InstalledDriver("470.256.02", "nvidia")
    conflict = refused("DRIVER-FLOOR", replace(H100, driver=there))
    assert "470.256.02" in conflict.what


def test_base_of_one_s_own_is_known_by_its_name() -> None:
    plan = image(image_base="registry.example.org/mirror/debian:trixie-20261103-slim")
    assert (plan.os, plan.torch.python) == ("debian-13", "3.13")


def test_base_that_nobody_knows_is_refused_with_the_way_out() -> None:
    conflict = refused("IMAGE-BASE", image_base="registry.example.org/ours:1")
    assert any("image_os" in remedy for remedy in conflict.remedies)
    plan = image(image_base="registry.example.org/ours:1", image_os="debian-12")
    assert plan.base == "registry.example.org/ours:1"


@pytest.mark.parametrize(
    "reference",
    ["debian :12", "Debian:12", "debian:12@sha256:ab", "", "$(id)"],
)
def test_what_is_no_reference_is_refused(reference: str) -> None:
    assert "no reference" in refused("IMAGE-BASE", image_base=reference).what


def test_reference_of_two_lines_is_refused_before_any_rule_reads_it() -> None:
    with pytest.raises(StackError, match="image_base"):
        image(image_base="debian:bookworm\nRUN id")


@pytest.mark.parametrize(
    "reference",
    ["debian:12-slim", "localhost:5000/debian:bookworm", "r.example.org/a/b/ubuntu:24.04"],
)
def test_references_with_and_without_a_registry_are_known(reference: str) -> None:
    assert image(image_base=reference).base == reference


def test_base_by_tag_is_said_to_move_and_by_digest_not() -> None:
    assert "IMAGE-BASE-TAG" in {notice.code for notice in image().notices}
    pinned = image(image_base="debian:bookworm-slim@sha256:" + "a" * 64)
    assert "IMAGE-BASE-TAG" not in {notice.code for notice in pinned.notices}


def test_no_image_for_a_jetson() -> None:
    refused("IMAGE-JETSON", HostProfile("ubuntu-22.04", "aarch64", jetson_l4t="36.4.7"))


def test_no_image_without_pytorch() -> None:
    refused("IMAGE-NO-TORCH", without=["torch"])


def test_services_are_locked_with_the_torch_lock() -> None:
    service = image().service
    assert service.locked and service.lock == f"workspace-{image().torch.lock}"
    assert set(service.packages) == {"jupyterlab", "tensorboard"}
    assert CATALOG.locks[service.lock].sha256.startswith(service.digest)


def test_missing_lock_of_services_is_said() -> None:
    plan = image(torch_variant="cu126", image_base="debian:trixie-slim")
    assert not plan.service.locked and plan.service.digest == ""
    assert sum(notice.code == "LOCK-MISSING" for notice in plan.notices) == 2


@pytest.mark.parametrize(
    "mirrors",
    [{"pypi": "https://m.example/simple"}, {"redist": "https://m.example"}],
)
def test_mirrors_do_not_change_the_digest(mirrors: dict[str, str]) -> None:
    requests = {"image_cuda": "devel"}
    assert (
        image(replace(H100, indexes=mirrors), **requests).digest == image(H100, **requests).digest
    )


def test_another_base_or_lock_changes_the_digest() -> None:
    digests = {
        image().digest,
        image(image_cuda="none").digest,
        image(image_base="debian:bookworm").digest,
        image(torch_variant="cu126").digest,
    }
    assert len(digests) == 4


@settings(max_examples=300, deadline=None)
@given(stacks, hosts)
def test_an_image_or_conflicts_but_never_both(stack: Stack, profile: HostProfile) -> None:
    made = image_plan(stack, profile, CATALOG)
    assert (made.plan is None) == bool(made.conflicts)
    assert made == image_plan(stack, profile, CATALOG)
    if made.plan is None:
        return
    assert stack.torch is not None and profile.jetson_l4t is None
    assert made.plan.torch.version == stack.torch.version
    assert (made.plan.cuda is None) == (stack.cuda is None)
    if made.plan.cuda:
        assert not any(
            name.startswith(("libcuda1", "nvidia-cuda", "cuda-drivers", "nvidia-driver"))
            for name in made.plan.cuda.packages
        )


def test_libraries_that_an_image_does_without_are_named_with_their_reason() -> None:
    made = image()
    assert made.cuda is not None
    assert not [n for n in made.cuda.packages if n.startswith(("libnpp", "libcusolvermg"))]
    assert "libcublas11" in made.cuda.packages
    said = [reason for reason in made.reasons if "libnpp" in reason.choice]
    assert len(said) == 1 and "image processing" in said[0].why


def test_image_that_compiles_has_all_of_the_toolkit() -> None:
    made = image(image_cuda="devel")
    assert made.cuda is not None
    assert any("npp" in file.name for file in made.cuda.downloads)

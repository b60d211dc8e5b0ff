"""A remedy followed: the same stack and host, but for what it changes."""

from __future__ import annotations

from stacks.follow import followed
from stacks.model.change import Change
from stacks.model.host import Gpu, InstalledDriver
from stacks.requests import with_requests
from tests.unit.stacks.hosts import host, stack_of

STACK = stack_of("pytorch-2.9")
HOST = host("debian-12", "h100", driver=InstalledDriver("535.309.01", "debian"), glibc="2.36")


def test_host_data_are_laid_over_what_was_said_before() -> None:
    before = with_requests(STACK, {"driver_origin": "debian", "without": ["torch"]})
    stack, profile = followed(before, HOST, Change.of(driver_branch="535", without=("cuda",)))
    assert (stack.driver.origin, stack.driver.branch) == ("debian", "535")
    assert stack.cuda is None and stack.torch is None
    assert profile == HOST


def test_what_is_omitted_is_again_as_the_stack_s_file_says() -> None:
    before = with_requests(STACK, {"driver_origin": "debian", "torch_version": "2.9.0"})
    change = Change(dict.fromkeys(("driver_origin", "torch_version")))
    stack, _ = followed(before, HOST, change)
    assert stack.driver.origin is None
    assert stack.torch == STACK.torch


def test_another_stack_keeps_the_driver_and_leaves_out_what_was_left_out() -> None:
    before = with_requests(STACK, {"driver_origin": "debian", "without": ["cuda"]})
    stack, _ = followed(before, HOST, Change.of("pytorch-2.7-cu118"))
    assert (stack.name, stack.driver.origin, stack.cuda) == ("pytorch-2.7-cu118", "debian", None)


def test_container_host_stays_one() -> None:
    before = with_requests(STACK, {"docker_version": "24.0.9"}, containers=True)
    stack, _ = followed(before, HOST, Change(dict.fromkeys(("docker_version",))))
    assert stack.containers is not None and stack.containers.docker_version is None
    assert not stack.native


def test_another_distribution_has_nothing_of_what_was_seen() -> None:
    _, profile = followed(STACK, HOST, Change.to(os="debian-13"))
    assert (profile.os, profile.driver, profile.glibc) == ("debian-13", None, None)


def test_gpus_are_those_of_the_change() -> None:
    _, profile = followed(STACK, HOST, Change.to(gpus=("t4",)))
    assert profile.gpus == (Gpu("t4"),)
    _, profile = followed(STACK, HOST, Change.of(gpu_like="rtx3090", expected_gpus=("a16",)))
    assert (profile.gpu_like, profile.expected_gpus) == ("rtx3090", (Gpu("a16"),))

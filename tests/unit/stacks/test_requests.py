"""Host data over a stack."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stacks.load import StackError, load_stack
from stacks.model.containers import ContainerRequest, ImageRequest
from stacks.requests import with_requests

STACK = load_stack("pytorch-2.9")


def test_no_request_changes_nothing() -> None:
    assert with_requests(STACK, {}) == STACK
    assert with_requests(STACK, {"driver_branch": None}) == STACK


def test_requests_land_where_they_belong() -> None:
    requested = with_requests(
        STACK,
        {
            "driver_branch": "580",
            "driver_flavour": "open",
            "driver_origin": "nvidia",
            "cuda_origin": "redist",
            "cuda_purpose": "compile",
            "cudnn_origin": "redist",
            "cudnn_version": "8.9.7.29",
            "torch_version": "2.9.0",
            "torch_variant": "cu126",
            "torch_python": "3.12",
            "torch_index": "pytorch",
            "torch_companions": ["torchvision"],
        },
    )
    assert (
        requested.cuda is not None and requested.cudnn is not None and requested.torch is not None
    )
    assert (requested.driver.branch, requested.driver.flavour, requested.driver.origin) == (
        "580",
        "open",
        "nvidia",
    )
    assert (requested.cuda.version, requested.cuda.origin, requested.cuda.purpose) == (
        "11.8",
        "redist",
        "compile",
    )
    assert (requested.cudnn.version, requested.cudnn.origin) == ("8.9.7.29", "redist")
    assert (requested.torch.version, requested.torch.variant, requested.torch.python) == (
        "2.9.0",
        "cu126",
        "3.12",
    )
    assert (requested.torch.index, requested.torch.companions) == ("pytorch", ("torchvision",))


def test_requests_about_containers_count_on_a_container_host_only() -> None:
    said = {
        "container_engines": ["docker", "podman"],
        "container_injection": "runtime",
        "docker_origin": "docker",
        "docker_version": "29.4.1",
        "toolkit_version": "1.19.1",
    }
    assert with_requests(STACK, said) == replace(STACK, said=tuple(said))
    request = with_requests(STACK, said, containers=True).containers
    assert request == ContainerRequest(
        ("docker", "podman"), "docker", "29.4.1", "1.19.1", "runtime"
    )


def test_container_host_keeps_the_stack_for_its_image() -> None:
    stack = with_requests(STACK, {}, containers=True)
    assert (stack.cuda, stack.torch, stack.native) == (STACK.cuda, STACK.torch, False)
    assert with_requests(STACK, {"with_native": True}, containers=True).native


def test_requests_about_the_image_land_there() -> None:
    said = {"image_base": "ours:1", "image_os": "debian-12", "image_cuda": "none"}
    assert with_requests(STACK, said).image == ImageRequest("ours:1", "debian-12", "none")


def test_engines_of_a_stack_file_are_kept_where_nothing_else_is_said(tmp_path: Path) -> None:
    text = "summary: mine\ncontainers: {engines: [podman]}\nimage: {cuda: devel}\n"
    (tmp_path / "mine.yaml").write_text(text)
    stack = with_requests(load_stack("mine", tmp_path), {}, containers=True)
    assert stack.containers == ContainerRequest(("podman",))
    assert stack.image == ImageRequest(cuda="devel")


def test_leaving_out_cuda_leaves_out_its_cudnn() -> None:
    requested = with_requests(STACK, {"without": ["cuda"]})
    assert requested.cuda is None and requested.cudnn is None and requested.torch is not None


def test_one_name_does_for_a_list() -> None:
    assert with_requests(STACK, {"without": "torch"}).torch is None


@pytest.mark.parametrize(
    ("requests", "words"),
    [
        ({"driver_flavor": "open"}, 'Did you mean "driver_flavour"'),
        ({"driver_flavour": "opne"}, 'Did you mean "open"'),
        ({"torch_version": 2.9}, 'expected text in quotes: "2.9"'),
        ({"without": ["cudaa"]}, 'Did you mean "cuda"'),
        ({"without": 3}, "expected a list of names"),
        ({"torch_index": "conda"}, "Choices: pypi, pytorch"),
    ],
)
def test_a_wrong_request_is_named_with_what_was_expected(
    requests: dict[str, Any], words: str
) -> None:
    with pytest.raises(StackError) as caught:
        with_requests(STACK, requests)
    assert words in str(caught.value)

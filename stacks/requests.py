"""Host data and command line over a stack: what a person may ask for one host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, TypeVar, get_args

from stacks.catalog.decode import nearest
from stacks.load import StackError, checked_word
from stacks.model.containers import (
    ContainerRequest,
    Engine,
    EngineOrigin,
    ImageCuda,
    ImageRequest,
    Injection,
)
from stacks.model.plain import quoted, told
from stacks.model.requests import (
    CudaRequest,
    CudnnRequest,
    DriverRequest,
    Flavour,
    Origin,
    SecureBoot,
    Stack,
    TorchRequest,
)

Part = Literal["cuda", "cudnn", "torch"]

_DRIVER = {
    "driver_branch": "branch",
    "driver_flavour": "flavour",
    "driver_origin": "origin",
    "driver_version": "version",
    "secure_boot": "secure_boot",
}
_CUDA = {"cuda_origin": "origin", "cuda_purpose": "purpose"}
_CUDNN = {"cudnn_origin": "origin", "cudnn_version": "version"}
_TORCH = {
    "torch_version": "version",
    "torch_variant": "variant",
    "torch_python": "python",
    "torch_index": "index",
    "torch_companions": "companions",
}
_CONTAINERS = {
    "container_engines": "engines",
    "container_injection": "injection",
    "docker_origin": "docker_origin",
    "docker_version": "docker_version",
    "toolkit_version": "toolkit_version",
}
_IMAGE = {"image_base": "base", "image_os": "os", "image_cuda": "cuda"}
_CHOICES: dict[str, tuple[str, ...]] = {
    "driver_flavour": get_args(Flavour),
    "driver_origin": get_args(Origin),
    "secure_boot": get_args(SecureBoot),
    "cuda_origin": get_args(Origin),
    "cudnn_origin": get_args(Origin),
    "cuda_purpose": ("compile", "auto", "runtime"),
    "torch_index": ("pypi", "pytorch"),
    "container_injection": get_args(Injection),
    "docker_origin": get_args(EngineOrigin),
    "image_cuda": get_args(ImageCuda),
}
_LISTS = {
    "without": get_args(Part),
    "torch_companions": None,
    "container_engines": get_args(Engine),
}
_FLAGS = ("with_native",)

REQUESTS = (*_DRIVER, *_CUDA, *_CUDNN, *_TORCH, *_CONTAINERS, *_IMAGE, *_FLAGS, "without")
"""Names of the host data that `with_requests` understands."""

W = TypeVar(
    "W", DriverRequest, CudaRequest, CudnnRequest, TorchRequest, ContainerRequest, ImageRequest
)


def with_requests(stack: Stack, requests: Mapping[str, Any], containers: bool = False) -> Stack:
    """``stack`` with the requests of one host laid over it.

    Keys are those of `REQUESTS`; ``None`` counts as not said. ``without`` is a list of ``cuda``,
    ``cudnn``, ``torch``; leaving out CUDA leaves its cuDNN out too. A request about a part that the
    stack does not have is ignored. Raises `StackError` for an unknown key (with the nearest), a
    value that is not text, or one that is not among the choices.

    ``containers`` makes it the stack of a container host: its CUDA, cuDNN and PyTorch are for the
    image only, unless ``with_native`` is true.
    """
    said = {key: _checked(key, value) for key, value in requests.items() if value is not None}
    without = set(said.get("without", ()))
    if "cuda" in without:
        without.add("cudnn")
    return replace(
        stack,
        driver=_laid(stack.driver, said, _DRIVER),
        cuda=None if "cuda" in without or not stack.cuda else _laid(stack.cuda, said, _CUDA),
        cudnn=None if "cudnn" in without or not stack.cudnn else _laid(stack.cudnn, said, _CUDNN),
        torch=None if "torch" in without or not stack.torch else _laid(stack.torch, said, _TORCH),
        containers=_laid(stack.containers or ContainerRequest(), said, _CONTAINERS)
        if containers
        else None,
        image=_laid(stack.image or ImageRequest(), said, _IMAGE)
        if {*said} & {*_IMAGE}
        else stack.image,
        said=tuple(dict.fromkeys((*stack.said, *said))),
        native=not containers or said.get("with_native", False),
    )


def _laid(request: W, said: Mapping[str, Any], names: Mapping[str, str]) -> W:
    changes = {field: said[key] for key, field in names.items() if key in said}
    return replace(request, **changes) if changes else request


def _checked(key: str, value: Any) -> Any:
    if key not in REQUESTS:
        close = nearest(key, REQUESTS)
        meant = "Did you mean " + " or ".join(f'"{c}"' for c in close) + "? " if close else ""
        raise StackError(f"Unknown request {quoted(key)}. {meant}Known: {', '.join(REQUESTS)}.")
    if key in _LISTS:
        items = (value,) if isinstance(value, str) else tuple(value) if _is_list(value) else None
        if items is None or not all(isinstance(item, str) for item in items):
            raise StackError(f'"{key}" is {told(value)}, expected a list of names.')
        for item in items:
            _one_of(key, item, _LISTS[key])
            checked_word(key, item)
        return items
    if key == "driver_branch" and isinstance(value, int) and not isinstance(value, bool):
        return checked_word(key, told(value))  # a branch has no dots, so nothing is lost: 580
    if key in _FLAGS:
        if not isinstance(value, bool):
            raise StackError(f'"{key}" is {told(value)}, expected true or false.')
        return value
    if not isinstance(value, str):
        raise StackError(
            f'"{key}" is {told(value)} (a {type(value).__name__}), expected text in quotes: '
            f'"{told(value)}".'
        )
    _one_of(key, value, _CHOICES.get(key))
    return checked_word(key, value)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _one_of(key: str, value: str, choices: tuple[str, ...] | None) -> None:
    if choices is not None and value not in choices:
        close = nearest(value, choices, 1)
        meant = f'Did you mean "{close[0]}"? ' if close else ""
        raise StackError(f'"{key}" is {quoted(value)}. {meant}Choices: {", ".join(choices)}.')

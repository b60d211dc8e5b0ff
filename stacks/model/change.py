"""What a person changes to follow a remedy. What is printed and what tests follow is this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Value = str | tuple[str, ...] | None
"""Of host data; ``None``: it is to be omitted."""

_OPTIONS = {
    "driver_branch": "--driver",
    "driver_version": "--driver",
    "driver_flavour": "--flavour",
    "driver_origin": "--origin driver=",
    "cuda_origin": "--origin cuda=",
    "cudnn_origin": "--origin cudnn=",
    "docker_origin": "--origin docker=",
    "docker_version": "--docker",
    "torch_index": "--origin torch=",
    "torch_variant": "--variant",
    "torch_python": "--python",
    "without": "--without",
    "container_engines": "--containers",
    "image_base": "--image-base",
    "image_cuda": "--image-cuda",
    "expected_gpus": "--gpu",
}
"""Host data to the option of ``python -m stacks explain``, where there is one."""

_OF_HOST = {"os": "--os", "arch": "--arch", "jetson_l4t": "--jetson", "gpus": "--gpu"}
"""What a host is, which nobody writes into host data, to its option."""


@dataclass(frozen=True)
class Change:
    """Host data to set or to omit, another stack, or another host."""

    data: Mapping[str, Value] = field(default_factory=dict)
    """Host data by name; lists are added to (``without``)."""
    stack: str = ""
    host: Mapping[str, Value] = field(default_factory=dict)
    """``os``, ``arch``, ``jetson_l4t``, ``gpus`` (`stacks.model.host.gpu_of`) of another host."""

    @staticmethod
    def of(stack: str = "", **data: Value) -> Change:
        """A change of host data."""
        return Change(data, stack)

    @staticmethod
    def to(stack: str = "", **host: Value) -> Change:
        """Another host."""
        return Change({}, stack, host)

    @property
    def options(self) -> str:
        """The same for ``python -m stacks explain``: ``--origin driver=nvidia --driver 580``."""
        words = []
        for name, value in (*self.host.items(), *self.data.items()):
            option = (_OF_HOST | _OPTIONS).get(name, "")
            if option and value is not None:
                glue = "" if option.endswith("=") else " "
                items = value if isinstance(value, tuple) else (value,)
                words += [option + glue + item for item in items]
        return " ".join(words)

    @property
    def said(self) -> str:
        """What is to be written where, for a person."""
        if not self.data and not self.stack:
            return f"`{self.options}`"
        parts = [f"stack `{self.stack}`"] if self.stack else []
        named = [f"`{n}: {_yaml(v)}`" for n, v in self.data.items() if v is not None]
        if named:
            parts.append(f"{', '.join(named)} in the host data")
        gone = " and ".join(f"`{name}`" for name, value in self.data.items() if value is None)
        text = ", ".join(parts)
        if gone:
            text = f"{text}, without {gone}" if text else f"omit {gone}"
        return text + (f" (here `{self.options}`)" if self.options else "")


@dataclass(frozen=True)
class Way:
    """A way out that can be followed: its words, and what it changes."""

    text: str
    """``{how}`` stands for what is to be changed, as `Change.said` says it."""
    change: Change

    def __str__(self) -> str:
        return self.text.replace("{how}", self.change.said)


def _yaml(value: str | tuple[str, ...]) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return f'"{value}"' if value[:1].isdigit() else value

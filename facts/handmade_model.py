"""What people put on a host by hand, as its adoption reads it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from facts.model.settings import SettingLine
from facts.model.shown import Shown

Kind = Literal["conda", "venv", "user", "system", "folder"]


@dataclass(frozen=True)
class PyTorch(Shown):
    """A PyTorch outside of gpuwright's environments, known by the names of its folders."""

    path: str
    """The environment: the folder above ``lib``."""
    kind: Kind
    """``user``: pip's own folder below a home; ``system``: of the distribution's interpreter."""
    version: str
    """``2.9.1``, ``2.9.1+cu126``, ``2.9.0a0+git1234567``."""
    python: str | None
    """Minor version of its interpreter; None: the distribution's own."""
    packages: Mapping[str, str]
    """Of interest only (torch, torchvision, triton, nvidia-…): name → version."""
    build: str | None = None
    """Conda's build of it: ``py3.11_cuda12.4_cudnn9.1.0_0``."""
    others: int = 0
    """How many Python packages are in the environment."""


@dataclass(frozen=True)
class Handmade(Shown):
    """Everything that one further round trip brings."""

    pytorch: tuple[PyTorch, ...] = ()
    nccl: tuple[SettingLine, ...] = ()
    """Lines that set a variable of NCCL for everybody."""
    unread: Mapping[str, str] = field(default_factory=dict)

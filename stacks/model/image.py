"""The PyTorch-CUDA image: the same decisions as on a host, without a driver."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from stacks.model.containers import ImageService
from stacks.model.messages import Conflict, Notice, Reason
from stacks.model.plan import CudaPlan, CudnnPlan, Repository, TorchPlan
from stacks.model.support import Level, PartSupport, lowest


@dataclass(frozen=True)
class ImagePlan:
    """All that is decided for one image. Its parts come from the resolver that plans hosts."""

    stack: str
    name: str
    """``pytorch-cuda``."""
    tag: str
    """``v2.9``: moves with patch releases of PyTorch."""
    base: str
    """Reference of the base image: ``debian:bookworm-slim``."""
    os: str
    """Distribution inside: ``debian-12``."""
    arch: str
    cuda: CudaPlan | None
    cudnn: CudnnPlan | None
    torch: TorchPlan
    service: ImageService
    nccl: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Environment variable of NCCL to its value and the reason for it."""
    repositories: tuple[Repository, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notices: tuple[Notice, ...] = ()
    support_parts: tuple[PartSupport, ...] = ()
    """How far our tests have built it."""
    support: Level = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "support", lowest(self.support_parts))

    @property
    def digest(self) -> str:
        """SHA-256 (64 hex digits) over what goes into the image: a label and a tag of it.

        Where files are fetched from is no part of it: mirrors serve the same ones.
        """
        outside = ("reasons", "notices", "tag", "repositories", "support", "support_parts")
        body = {k: _without_addresses(v) for k, v in asdict(self).items() if k not in outside}
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class ImageResolution:
    """A plan, or at least one conflict; never both, never neither."""

    plan: ImagePlan | None
    conflicts: tuple[Conflict, ...]


def _without_addresses(value: object) -> object:
    if isinstance(value, dict):
        return {
            k: _without_addresses(v)
            for k, v in value.items()
            if k not in ("index", "default_index", "base")
        }
    return [_without_addresses(v) for v in value] if isinstance(value, list | tuple) else value

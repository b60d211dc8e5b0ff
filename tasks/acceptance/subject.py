"""One host as verify looks at it. Pure values."""

from __future__ import annotations

from dataclasses import dataclass

from facts.device_health_model import Device, Health
from facts.evidence_model import Evidence
from facts.model.host import HostState
from facts.runtime import CudaAnswer
from stacks.model.host import Gpu
from tasks.health.naming import Named
from tasks.verify.proof import Proof


@dataclass(frozen=True)
class Subject:
    """What was read of one host."""

    state: HostState
    evidence: Evidence
    health: Health
    cuda: CudaAnswer | None = None
    """None: no CUDA call was made."""
    expected: tuple[Gpu, ...] = ()
    """What host data announce."""
    named: tuple[Named, ...] = ()
    """What the doctor names, and what is not as planned."""
    container: Proof | None = None
    """What a container with the GPUs proved; None: none was started."""
    no_container: str = ""
    """Why none was started."""

    @property
    def devices(self) -> tuple[Device, ...]:
        """The GPUs that nvidia-smi lists."""
        return self.health.devices

    @property
    def wanted(self) -> int:
        """How many GPUs there should be."""
        own = 1 if self.state.jetson is not None else 0  # on no bus
        return max(len(self.expected), len(self.state.gpus), own)

    @property
    def mig(self) -> tuple[Device, ...]:
        """Those that are cut into slices."""
        return tuple(d for d in self.devices if d.mig)


@dataclass(frozen=True)
class Proven:
    """What ran on the GPUs and was checked."""

    text: str
    """``kernel (…)`` or ``none (why)``."""
    checked: bool = False

"""What host data say about a repair, checked before it is used. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tasks.hostdata.reading import Data, Reader

Reboot = Literal["never", "if-needed", "now"]
REBOOTS: tuple[Reboot, ...] = ("never", "if-needed", "now")


@dataclass(frozen=True)
class RepairSettings:
    """How one host may be repaired, and a fleet that it belongs to."""

    reboot: Reboot = "never"
    """``if-needed``: while nobody uses the GPU; ``now``: in use or not."""
    reboot_wait_s: int = 1200
    """Seconds for a host to come back: large servers test themselves."""
    canary: bool = False
    """Whether a fleet's repair begins with this host."""
    batch: int = 5
    """How many hosts of a fleet are repaired at once, after the canary."""
    fail_share: float = 0.2
    """A fleet's repair stops when more than this share of it, 0 to 1, has failed."""


def repair_settings(data: Data) -> RepairSettings:
    """What these host data say. Raises `ValueError` with key, value and what was expected."""
    reader, default = Reader(data), RepairSettings()
    return RepairSettings(
        reboot=reader.choice("reboot", REBOOTS, default.reboot),
        reboot_wait_s=reader.count("reboot_wait", default.reboot_wait_s),
        canary=reader.flag("canary"),
        batch=reader.count("batch", default.batch, least=1),
        fail_share=reader.share("fail_share", default.fail_share),
    )

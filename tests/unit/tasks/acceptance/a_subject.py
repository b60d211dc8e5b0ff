"""A healthy host with H100s on a board, as verify reads it, and what a test plants in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from facts.device_health_model import Health
from facts.evidence_model import Evidence
from facts.model.host import HostState
from facts.model.system import PciDevice
from facts.parse.device_health import health
from facts.runtime import CudaAnswer, CudaDevice
from sandbox.doubles import smi_readings
from sandbox.doubles.smi_readings import Card
from tasks.acceptance.judge import Verdict
from tasks.acceptance.subject import Subject
from tests.unit.tasks import a_patient

ADDRESSES = tuple(f"0000:{n:02x}:00.0" for n in range(0x10, 0x18))
CLOCK = "[  100.0] NVRM: Xid (PCI:0000:10:00): "
Planted = Mapping[int, Mapping[str, str | None]]
"""What GPU number so and so says in place of a healthy one."""


def cards(count: int = 8, planted: Planted | None = None, **changes: Any) -> list[Card]:
    """Healthy cards, with this planted in some; ``links``: of all."""
    said = planted or {}
    return [Card(f"0000{ADDRESSES[n]}", said.get(n, {}), **changes) for n in range(count)]


def output(
    shown: Sequence[Card],
    samples: Sequence[Sequence[str]] | None = None,
    selftest: object = None,
    xml: str | None = None,
    code: int = 0,
    why: str = "",
) -> list[str]:
    """What ``facts/device_health.sh`` prints.

    Args:
        shown: The cards that nvidia-smi lists.
        samples: Lines of each look under load; None: every card as at rest.
        selftest: What the self-test printed; None: there is none.
        xml: In place of the cards' own.
        code: How nvidia-smi ended.
        why: Why it was not asked.
    """
    said = smi_readings.xml(shown) if xml is None else xml
    lines = ["##gpuwright-probe 1 N", "##N rest"]
    if why:
        lines += [f"##N !rest {why}"]
    else:
        lines += ["##N @exit", str(code), "##N @xml", *said.splitlines()]
        lines += ["##N @links", *smi_readings.nvlink(shown).splitlines()]
    lines += ["##N load"]
    if selftest is None:
        lines += ["##N !load there is no self-test on this host"]
    else:
        lines += ["##N @samples"]
        for look in samples if samples is not None else [sample(card.pci) for card in shown]:
            lines += ["sample", *look]
        lines += ["##N @selftest_exit", "0", "##N @selftest"]
        lines += json.dumps(selftest, indent=1).splitlines()
    return [*lines, "##N end"]


def sample(pci: str, *reasons: str, generation: int = 5, width: int = 16, **more: int) -> list[str]:
    """One look at one card under load."""
    told = [f"gpu {pci}", f"generation {generation}", f"width {width}x", "state P0"]
    told += [f"replays {more.get('replays', 0)}", f"temperature {more.get('heat', 60)} C"]
    return [*told, *(f"reason {reason}" for reason in reasons)]


def selftest(gpus: int = 8, **changes: Any) -> dict[str, Any]:
    """What the self-test says where all is well."""
    return {
        "verdict": "OK",
        "faults": [],
        "collective": {"backend": "nccl", "world": gpus},
        "cuda": {"devices": [{"memory_ok": True}] * gpus},
        "torch": {"computed": True},
        **changes,
    }


def seen(count: int = 8, planted: Planted | None = None, **changes: Any) -> Health:
    """Readings of a healthy host, with this planted; ``changes``: of `output`."""
    said = {"selftest": selftest(count), **changes}
    return health(output(cards(count, planted, **said.pop("of_cards", {})), **said))


def state(count: int = 8, device: str = "2330") -> HostState:
    """The host's state: so many GPUs on its bus."""
    bus = [PciDevice(ADDRESSES[n], device, "030200", None, "nvidia", None) for n in range(count)]
    return replace(a_patient.state(), pci=tuple(bus))


def call(count: int = 8, **bad: Any) -> CudaAnswer:
    """What CUDA answers; ``bad``: of the first device."""
    devices = [
        CudaDevice(n, "H100", ADDRESSES[n], 81559, "9.0", memory_ok=True) for n in range(count)
    ]
    devices = [replace(d, **bad) if d.index == 0 else d for d in devices]
    return CudaAnswer(0, "CUDA_SUCCESS", count=count, devices=tuple(devices))


def subject(health: Health | None = None, count: int = 8, **changes: Any) -> Subject:
    """The whole host."""
    told = seen(count) if health is None else health
    evidence: Evidence = replace(a_patient.EVIDENCE, **changes.pop("evidence", {}))
    said: dict[str, Any] = {"state": state(count), "cuda": call(count), **changes}
    return Subject(evidence=evidence, health=told, **said)


def found(verdict: Verdict) -> list[tuple[str, str, str]]:
    """Code, level and action of all that was found."""
    return [(o.code, o.level, o.action) for o in verdict.observations]

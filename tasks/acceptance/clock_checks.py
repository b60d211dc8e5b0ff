"""What the clocks did while a card was measured: reasons for lower ones, and clocks too low. Pure.

The level quick loads a card for seconds and alone. Heat shows later, and often only when all work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from facts.device_health_model import Device
from facts.measurements_model import Measure
from tasks.acceptance.device_checks import CALM, HARD, name, reasons
from tasks.acceptance.rules import Fault, LeftOut, limit

Seen = Iterable[tuple[Measure, Device | None]]


def while_measured(seen: Seen) -> Iterator[Fault | LeftOut]:
    """GPU-THROTTLED, GPU-CLOCKS: once per card, and nothing that quick has said of it already.

    Args:
        seen: Each measure with its card; None: a card that nvidia-smi did not list, or several.
    """
    cards: dict[str, tuple[Device, list[Measure]]] = {}
    for measure, device in seen:
        if device is not None and measure.value is not None:
            cards.setdefault(name(device), (device, []))[1].append(measure)
    for at, (device, measures) in cards.items():
        if all(m.sm_clock_mhz is None for m in measures):
            yield LeftOut("throttle", f"{at}: no clock was told while it was measured")
            continue
        known, said = reasons(device), {r for m in measures for r in m.reasons}
        hottest = max((m.temperature_c for m in measures if m.temperature_c), default=None)
        heat = f"; {hottest:g} degrees" if hottest else ""
        if hard := sorted(said & HARD):
            if not known & HARD:
                yield Fault("GPU-THROTTLED", "throttled-hard", _told(hard, heat), at)
        elif soft := sorted(said - CALM):
            if not known - CALM:
                yield Fault("GPU-CLOCKS", "throttled", _told(soft, heat), at)
        elif not known - CALM:
            yield from _low(device, measures, at)


def _told(said: list[str], heat: str) -> str:
    return f"{', '.join(said)}, while it was measured{heat}"


def _low(device: Device, measures: list[Measure], at: str) -> Iterator[Fault]:
    """A clock far below the card's most, which no reason explains."""
    least = limit("low-clock") / 100 * (device.sm_clock_max or 0)
    low = [
        m
        for m in measures
        if m.metric.startswith("matmul")
        and m.sm_clock_mhz is not None
        and m.sm_clock_mhz < least
        and "sw_power_cap" not in m.reasons
    ]
    if low:
        worst = min(low, key=lambda m: m.sm_clock_mhz or 0.0)
        told = f"{worst.sm_clock_mhz:g} MHz in {worst.metric} {worst.how}"
        most = f"{least:g} MHz, the most is {device.sm_clock_max} MHz"
        yield Fault("GPU-CLOCKS", "low-clock", told, at, limit=most)

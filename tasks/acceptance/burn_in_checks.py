"""Judge what a burn-in has found. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from facts.burn_in_model import BurnIn, BurntDevice
from tasks.acceptance.rules import Fault, LeftOut
from tasks.acceptance.subject import Subject
from tasks.steps.record import AcceptanceReading

CHECK = "burn-in"
_HARD = {"hw_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown"}
SHORT = 0.99
"""Of the time that was asked for: less was not to its end."""


def name(device: BurntDevice) -> str:
    """Its address, else its number."""
    return device.pci or (device.name if device.index is None else f"GPU {device.index}")


def judged(subject: Subject, told: BurnIn, why: str = "") -> Iterator[Fault | LeftOut]:
    """All that it says.

    Args:
        subject: The host, as it is after it.
        told: What was found.
        why: Why there is no result.
    """
    if why or not told.found:
        yield Fault("GPU-BURN-SHORT", "burn-short", why or "there is no result")
        return
    if told.tiny:
        yield LeftOut(CHECK, "it ran at tiny sizes on a CPU, which says nothing of a GPU")
        return
    for device in told.devices:
        if device.wrong is not None:
            yield Fault("GPU-WRONG", "burn-wrong", device.wrong, name(device))
        elif device.why is not None:
            yield Fault("GPU-BURN-SHORT", "burn-failed", device.why, name(device))
        if hard := [
            f"{r} in {n} of {device.samples} samples" for r, n in device.reasons if r in _HARD
        ]:
            yield Fault("GPU-THROTTLED", "throttled-hard", "; ".join(hard), name(device))
    bad = any(d.wrong is not None or d.why is not None for d in told.devices)
    if told.ended != "done" and not bad:
        ended = told.why or "it has said no last word: the host went down, or it was killed"
        yield Fault("GPU-BURN-SHORT", "burn-short", ended)
    elif told.ended == "done":
        yield from _complete(subject, told)


def _complete(subject: Subject, told: BurnIn) -> Iterator[Fault | LeftOut]:
    """One that ended well has to have done something, on all GPUs, for all of its time."""
    if told.ran_s < SHORT * told.asked_s:
        span = f"{told.ran_s:.0f} of {told.asked_s:.0f} s"
        yield Fault("GPU-BURN-SHORT", "burn-short", span)
    for device in told.devices:
        if not device.passes or not sum(p.count for p in device.products):
            words = f"{device.passes} rounds of patterns, no product of some type"
            yield Fault("GPU-BURN-SHORT", "burn-short", words, name(device))
    if subject.mig:
        yield LeftOut(CHECK, "cards cut into slices (MIG): CUDA gives a program one slice")
    elif len(told.devices) < len(subject.devices):
        words = f"{len(told.devices)} GPUs were loaded"
        yield Fault("GPU-BURN-SHORT", "burn-short", words, limit=f"{len(subject.devices)} GPUs")


def lines(told: BurnIn) -> Iterator[str]:
    """A line for each GPU, for a person."""
    if not told.found:
        return
    yield f"burn-in: {told.ran_s / 3600:.2f} of {told.asked_s / 3600:.2f} h, {told.ended}"
    for device in told.devices:
        products = ", ".join(f"{p.count} in {p.kind}" for p in device.products) or "none"
        beside = [
            f"{what} {span.least:g} to {span.most:g} {unit}"
            for what, span, unit in (
                ("temperature", device.temperature, "degrees"),
                ("power", device.power, "W"),
                ("clock", device.clock, "MHz"),
            )
            if span is not None
        ]
        told_of = [f"{device.passes} rounds of patterns", f"products {products}", *beside]
        yield f"  {name(device)}: {'; '.join(told_of)}"


def readings(told: BurnIn) -> Iterator[AcceptanceReading]:
    """What is noted of it on the host."""
    for device in told.devices if not told.tiny else ():
        at = name(device)
        for what, span, unit in (
            ("temperature", device.temperature, "degrees"),
            ("power", device.power, "W"),
            ("clock", device.clock, "MHz"),
        ):
            if span is not None:
                yield _reading(at, f"{what} in burn-in, least", span.least, unit)
                yield _reading(at, f"{what} in burn-in, most", span.most, unit)
        for products in device.products:
            if products.least is not None:
                metric = f"matmul_{products.kind} in burn-in, least"
                yield _reading(at, metric, products.least, "TFLOP/s")


def _reading(device: str, metric: str, value: float, unit: str) -> AcceptanceReading:
    return AcceptanceReading(device=device, metric=metric, value=value, unit=unit)

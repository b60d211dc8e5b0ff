"""Judge what was measured: against the model's limits, the spec, the other way of measuring. Pure.

An absolute limit is for a whole card of a known model. A slice of a card (MIG), and a card that the
table does not know, have no reference: that is said, and is never OK by silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from facts.device_health_model import Device
from facts.measurements_model import Measure, Measurements
from stacks.catalog.thresholds import ABOVE_SPEC, Limit, Model, thresholds
from tasks.acceptance import clock_checks
from tasks.acceptance.rules import Fault, LeftOut, limit
from tasks.acceptance.subject import Subject

Found = Iterator[Fault | LeftOut]
EACH = ("hbm_bandwidth", "h2d_bandwidth", "d2h_bandwidth")
_UNITS = {"matmul": "TFLOP/s", "ddp_step": "s"}


@dataclass(frozen=True)
class Reading:
    """A measured value with the card that it is of."""

    measure: Measure
    device: Device | None
    """None: all cards together, or a card that nvidia-smi did not list."""

    @property
    def name(self) -> str:
        """Address of the card, else its number; empty for all together."""
        if self.device is not None and self.device.pci:
            return self.device.pci
        told = self.measure.gpu or self.measure.index
        return "" if told is None else str(told)

    @property
    def words(self) -> str:
        """The value with what was seen beside it."""
        one = self.measure
        words = f"{one.metric} {one.how}: {one.value:.4g} {unit(one.metric)}"
        beside = [
            f"spread {one.spread:.0%}" if one.spread is not None else "",
            f"{one.sm_clock_mhz:g} MHz" if one.sm_clock_mhz is not None else "",
            f"{one.power_w:.0f} W" if one.power_w is not None else "",
            f"{one.temperature_c:g} degrees" if one.temperature_c is not None else "",
            ", ".join(one.reasons),
            "clocks had not settled" if one.steady is False else "",
        ]
        told = "; ".join(word for word in beside if word)
        return f"{words} ({told})" if told else words


def unit(metric: str) -> str:
    """GB/s, TFLOP/s or s."""
    return next((u for name, u in _UNITS.items() if metric.startswith(name)), "GB/s")


def readings(subject: Subject, told: Measurements) -> list[Reading]:
    """Every value that was measured, with its card: by address, else by number."""
    by_address = {d.pci: d for d in subject.devices if d.pci}
    found = []
    for one in told.measures:
        device = by_address.get(one.gpu) if one.gpu else None
        # CUDA counts by speed and nvidia-smi by bus: with one kind of card both are one order.
        alike = len({d.device for d in subject.devices}) == 1
        if device is None and one.gpu is None and one.index is not None and alike:
            device = next((d for d in subject.devices if d.index == one.index), None)
        found.append(Reading(one, device))
    return found


def measured(subject: Subject, told: Measurements) -> Found:
    """All that the values of one host say by themselves."""
    seen = readings(subject, told)
    has = [one.measure for one in seen if one.measure.value is not None]
    if told.tiny:
        yield from _nothing("measured at tiny sizes on a CPU: the values say nothing")
        return
    if not has:
        yield Fault("GPU-UNMEASURED", "not-measured", told.why or "no value was measured")
        yield from _nothing("nothing was measured")
        return
    if not any(one.right is not None for one in has):
        yield LeftOut("results", "no result was checked")
    if not any(one.how == "together" and one.gpus is None for one in has):
        yield LeftOut("together", "one GPU, or none that was measured beside others")
    yield from _lacking(subject, told, seen)
    for one in seen:
        if one.measure.value is None:
            continue
        if one.measure.right is False:
            yield Fault("GPU-WRONG", "wrong-product", _wrong(one), one.name)
        else:
            yield from _speed(subject, one)
    yield from _without_reference(subject, seen)
    yield from _together(seen)
    yield from clock_checks.while_measured([(one.measure, one.device) for one in seen])


def _nothing(why: str) -> Found:
    for check in ("speed", "results", "together"):
        yield LeftOut(check, why)


def _lacking(subject: Subject, told: Measurements, seen: list[Reading]) -> Found:
    """GPU-UNMEASURED: what should have been measured and was not."""
    if told.why:
        yield Fault("GPU-UNMEASURED", "not-measured", told.why)
    for one in seen:
        if one.measure.why and one.measure.value is None:
            yield Fault(
                "GPU-UNMEASURED",
                "not-measured",
                f"{one.measure.metric}: {one.measure.why}",
                one.name,
            )
        elif one.measure.unsupported:
            yield LeftOut("speed", f"{one.name} {one.measure.metric}: {one.measure.unsupported}")
    for device in subject.devices:
        have = {o.measure.metric for o in seen if o.device == device and o.measure.value}
        if lacking := [m for m in EACH if m not in have]:
            if device.mig and any(o.measure.value for o in seen):
                yield LeftOut(
                    "speed", f"{device.pci}: a program is given one slice (MIG) at a time"
                )
            else:
                words = f"no value of {', '.join(lacking)}"
                yield Fault("GPU-UNMEASURED", "not-measured", words, device.pci or "")


def _wrong(one: Reading) -> str:
    off, allowed = one.measure.off, one.measure.allowed
    how = f": off by {off:g}, allowed {allowed:g}" if None not in (off, allowed) else ""
    return f"{one.measure.metric} {one.measure.how}{how}"


def bounds(subject: Subject, one: Reading) -> tuple[Limit, Model | None] | None:
    """The limits for this value; None: there is no reference."""
    device = one.device or next(iter(subject.devices), None)
    if device is None or device.mig:
        return None
    metric = one.measure.metric
    if metric in ("h2d_bandwidth", "d2h_bandwidth"):
        link = thresholds().links.get(str(device.pcie_generation_max))
        if link is None or not device.pcie_width_max:
            return None
        model = thresholds().model(device.device)
        if model is not None and model.form == "superchip":
            return None  # its host hangs on NVLink-C2C
        row, share = link.h2d if metric == "h2d_bandwidth" else link.d2h, device.pcie_width_max / 16
        return Limit(
            row.reference * share,
            row.warn * share,
            row.fail * share,
            metric="h2d_bandwidth" if metric == "h2d_bandwidth" else "d2h_bandwidth",
            kind="measured",
            readings=link.readings,
            sources=link.sources,
        ), model
    model = thresholds().model(device.device)
    if model is None or (metric == "p2p_bandwidth" and one.measure.straight is False):
        return None
    found = model.limit(metric, one.measure.gpus, one.measure.nvls)
    return (found, model) if found is not None else None


def _speed(subject: Subject, one: Reading) -> Found:
    """GPU-SLOW, GPU-MEASUREMENT: a value against the limits of its model."""
    metric, value = one.measure.metric, one.measure.value
    assert value is not None
    device = one.device or next(iter(subject.devices), None)
    model = thresholds().model(device.device) if device is not None and not device.mig else None
    spec = model.spec_of(metric) if model is not None else None
    if metric == "hbm_bandwidth" and spec is not None and value > ABOVE_SPEC * spec.value:
        most = f"{ABOVE_SPEC:g} x {spec.value:g} GB/s"
        yield Fault("GPU-MEASUREMENT", "too-fast", one.words, one.name, limit=most)
        return
    known = bounds(subject, one)
    # Beside others a value is judged against itself alone: `_together`.
    if known is None or (one.measure.how == "together" and one.measure.gpus is None):
        return
    row, model = known
    if value < row.warn:
        least = row.fail if value < row.fail else row.warn
        yield Fault(
            "GPU-SLOW",
            "slow" if value < row.fail else "slowish",
            one.words,
            one.name,
            limit=f"{least:g} {unit(metric)}, mostly {row.reference:g}",
            source=_source(row),
            disagree=_others(model, one, row),
        )


def _source(row: Limit) -> str:
    note = f"; {row.note}" if row.note else ""
    return f"{row.kind}, {row.readings} readings: {thresholds().cite(row.sources)}{note}"


def _others(model: Model | None, one: Reading, row: Limit) -> str:
    told = model.of_others(one.measure.metric, one.measure.gpus) if model is not None else ()
    sources = thresholds().sources
    return "; ".join(
        f"fails below {o.fail:g}: {sources[o.source].what}" for o in told if o.fail != row.fail
    )


def _without_reference(subject: Subject, seen: list[Reading]) -> Found:
    """GPU-NO-REFERENCE: one line for all values that nothing is known about."""
    none: dict[str, list[str]] = {}
    for one in seen:
        alone = one.measure.how == "alone" or one.measure.gpus is not None
        if one.measure.value is None or not alone or one.measure.metric == "ddp_step":
            continue
        if bounds(subject, one) is None:
            none.setdefault(one.measure.metric, []).append(one.name)
    if none:
        yield Fault("GPU-NO-REFERENCE", "no-reference", ", ".join(sorted(none)))


def _together(seen: list[Reading]) -> Found:
    """GPU-CROWDED: slower beside the others than alone."""
    alone = {
        (o.name, o.measure.metric): o.measure.value
        for o in seen
        if o.measure.how == "alone" and o.measure.value
    }
    for one in seen:
        # Copies share the host's memory and its switches, and may well be slower.
        if one.measure.how != "together" or one.measure.metric in (
            "h2d_bandwidth",
            "d2h_bandwidth",
        ):
            continue
        before, now = alone.get((one.name, one.measure.metric)), one.measure.value
        if before and now and one.measure.gpus is None:
            less = 100 * (1 - now / before)
            if less > limit("together-slower"):
                words = f"{one.words}; alone {before:.4g}: {less:.0f} % less"
                yield Fault("GPU-CROWDED", "together-slower", words, one.name)

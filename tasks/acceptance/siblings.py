"""Cards against their siblings: the median of the same host, and of all hosts of the run. Pure.

It judges cards without a reference too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median

from tasks.acceptance.rules import Fault, LeftOut, limit
from tasks.acceptance.speed_checks import Reading, unit

FEWEST_IN_HOST = 3
"""Of two, the median does not say which is slow."""
FEWEST_IN_FLEET = 8
_NOT = ("allreduce_busbw", "ddp_step", "p2p_bandwidth")
"""Metrics of several cards."""

Key = tuple[str, str, str]
"""Model (PCI device id), metric, alone or together."""


def in_host(readings: list[Reading]) -> Iterator[Fault | LeftOut]:
    """GPU-SLOWER: below the median of the same model in the host."""
    groups = _groups({"": readings})
    if not any(len(rows) >= FEWEST_IN_HOST for rows in groups.values()):
        yield LeftOut("siblings", f"fewer than {FEWEST_IN_HOST} cards of one model in the host")
        return
    for rows in groups.values():
        if len(rows) >= FEWEST_IN_HOST:
            yield from (f for _, f in _below(rows, "sibling-host"))


def in_fleet(hosts: Mapping[str, list[Reading]]) -> Mapping[str, list[Fault]]:
    """The same over all hosts of the run; by host.

    Only where there are several: within one host `in_host` says it.
    """
    found: dict[str, list[Fault]] = {}
    for rows in _groups(hosts).values():
        if len(rows) >= FEWEST_IN_FLEET and len({host for host, _ in rows}) > 1:
            for host, fault in _below(rows, "sibling-fleet"):
                found.setdefault(host, []).append(fault)
    return found


def _groups(hosts: Mapping[str, list[Reading]]) -> dict[Key, list[tuple[str, Reading]]]:
    groups: dict[Key, list[tuple[str, Reading]]] = {}
    for host, readings in hosts.items():
        for one in readings:
            device = one.device
            if one.measure.value is None or one.measure.right is False or device is None:
                continue
            if one.measure.metric in _NOT or device.mig or not device.device:
                continue
            key = (device.device, one.measure.metric, one.measure.how)
            groups.setdefault(key, []).append((host, one))
    return groups


def _below(rows: list[tuple[str, Reading]], rule: str) -> Iterator[tuple[str, Fault]]:
    middle = median(one.measure.value or 0.0 for _, one in rows)
    for host, one in rows:
        value = one.measure.value or 0.0
        less = 100 * (1 - value / middle) if middle else 0.0
        if less > limit(rule):
            words = f"{one.words}; median of {len(rows)}: {middle:.4g}, {less:.1f} % below"
            told = f"{limit(rule):g} % below {middle:.4g} {unit(one.measure.metric)}"
            yield host, Fault("GPU-SLOWER", rule, words, one.name, limit=told)

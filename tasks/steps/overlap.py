"""Whether long steps may run side by side on this host."""

from __future__ import annotations

from facts.model.host import HostState

MIN_CPUS = 2
MIN_MEMORY_MB = 3500
"""A module build takes about 1 GiB, unpacking the wheels about as much."""


def overlaps(state: HostState) -> bool:
    """Two processors and some memory, both known, are enough."""
    cpus, memory = state.system.cpus, state.system.memory_mb
    return (cpus or 0) >= MIN_CPUS and (memory or 0) >= MIN_MEMORY_MB

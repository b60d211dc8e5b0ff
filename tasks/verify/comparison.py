"""Is the host as the plan says? Pure: state and plan in, findings out."""

from __future__ import annotations

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.finding import Finding
from tasks.verify.capability import told_after
from tasks.verify.parts import parts


def compare(
    state: HostState, plan: Plan, rollback: int = 0, expected_gpus: int = 0
) -> tuple[Finding, ...]:
    """All differences between the host and its plan that need no program to be run on it.

    Args:
        state: What the probe saw.
        plan: What should be.
        rollback: How many environments the host was sent back.
        expected_gpus: How many GPUs the host's data announce; 0 for nothing.
    """
    found = [
        *_count(state, expected_gpus),
        *(f for part in parts(state, plan, rollback) for f in part.findings),
        *told_after(state, plan),
        *_settings(state),
    ]
    return tuple(found)


def _count(state: HostState, expected: int) -> list[Finding]:
    """A host whose GPUs all come later is being baked; one that has some must have all."""
    there = len(state.gpus)
    if not expected or not there or there >= expected:
        return []
    return [
        Finding(
            "D23",
            "CRITICAL",
            "there are fewer GPUs on the bus than expected",
            f"{there} on the PCI bus, {expected} expected: "
            + ", ".join(d.address for d in state.gpus),
            "look for the missing slot: lspci -nn -d 10de:; power off and on, then hardware",
            "the host",
        )
    ]


def _settings(state: HostState) -> list[Finding]:
    # JetPack's own packages name their CUDA and driver to the loader; that is how a Jetson is.
    own = "/etc/ld.so.conf.d/" if state.jetson is not None else "none"
    settings = [s for s in state.settings if not s.file.startswith(own)]
    if not settings:
        return []
    return [
        Finding(
            "STRAY-SETTING",
            "WARN",
            "a global setting changes which libraries every program loads",
            "; ".join(f"{s.file}: {s.text}" for s in settings[:4]),
            "take it out; shells that want CUDA 11.8 load /opt/gpuwright/etc/cuda.sh",
        )
    ]

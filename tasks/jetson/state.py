"""What of JetPack is on the host, and whether this is a Jetson at all. Pure."""

from __future__ import annotations

from facts.model.host import HostState
from facts.model.packages import Package
from stacks.model.messages import Conflict
from stacks.model.plan import Plan, TorchPlan
from tasks.deploy import GPU_HOST, JETSON_HOST
from tasks.holds import sets

CHAIN = ("nvidia-l4t-", "nvidia-jetpack")


STACK = "jetson-torch-2.9"
"""What a Jetson gets whose host data name no stack."""


def wrong_deploy(state: HostState, for_jetsons: bool) -> tuple[Conflict, ...]:
    """JETSON-HOST or NO-JETSON where this deploy is not for this kind of host.

    Args:
        state: What the probe saw.
        for_jetsons: Whether the deploy is the one for Jetsons.
    """
    board = state.jetson
    if board is not None and not for_jetsons:
        name = board.model or "a Jetson"
        return (
            Conflict(
                "JETSON-HOST",
                "this host is a Jetson, and this deploy is not for Jetsons",
                f"{name}, Jetson Linux {board.l4t or '?'}: its driver and kernel are packages of "
                "Jetson Linux, and a driver from elsewhere breaks the board",
                (f"pyinfra INVENTORY {JETSON_HOST}",),
                "docs/jetson.md",
            ),
        )
    if board is None and for_jetsons:
        return (
            Conflict(
                "NO-JETSON",
                "this host is no Jetson",
                f"{state.system.pretty}, {state.system.arch}: no /etc/nv_tegra_release, no package "
                "nvidia-l4t-core, and no device tree with an NVIDIA chip",
                (f"pyinfra INVENTORY {GPU_HOST}",),
                "docs/jetson.md",
            ),
        )
    return ()


def conflicts(state: HostState, plan: Plan) -> tuple[Conflict, ...]:
    """JETPACK-INCOMPLETE: torch needs JetPack's own CUDA and cuDNN, and the host lacks them."""
    lacking = missing_from_jetpack(state, plan)
    if not lacking or plan.jetson is None:
        return ()
    return (
        Conflict(
            "JETPACK-INCOMPLETE",
            f"{' and '.join(lacking)} of JetPack {plan.jetson.jetpack} are not on this host",
            "this torch brings no CUDA libraries and loads JetPack's; the host has CUDA "
            f"{', '.join(t.version or '?' for t in state.cuda) or 'none'} and cuDNN "
            f"{', '.join(c.version or '?' for c in state.cudnn) or 'none'}",
            ("install them from JetPack's own source: apt-get install nvidia-jetpack",),
            "docs/jetson.md",
        ),
    )


def missing_from_jetpack(state: HostState, plan: Plan) -> list[str]:
    """Parts of JetPack that the plan's torch loads and the host lacks."""
    own, torch = plan.jetson, plan.torch
    if own is None or torch is None or torch.bundled:
        return []
    lacking = []
    if not any(f"{t.version}.".startswith(f"{own.cuda}.") for t in state.cuda):
        lacking.append(f"CUDA {own.cuda}")
    if own.cudnn and not any(f"{c.version}.".startswith(f"{own.cudnn}.") for c in state.cudnn):
        lacking.append(f"cuDNN {own.cudnn}")
    return lacking


def missing_needs(state: HostState, torch: TorchPlan) -> list[str]:
    """Packages that torch needs beside JetPack's and that are not installed."""
    return sorted(
        name
        for name in torch.needs
        if name not in state.packages or not state.packages[name].installed
    )


def boot_chain(state: HostState, plan: Plan) -> list[Package]:
    """Installed packages of Jetson Linux and JetPack, by name."""
    return [p for p in sets.held_set(state, plan) if p.name.startswith(CHAIN)]

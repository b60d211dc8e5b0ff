"""May the kernel move on a host, and what keeps a policy from being carried out? Pure.

``hold``: no upgrade moves the kernel. ``follow``: a new kernel may come, and boots by default only
once it has its module. ``free``: what happens is told, and nothing is done about it.
"""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.host import HostState
from tasks.finding import Finding

OWN_MARK = "# gpuwright"
"""Follows ``UPDATEDEFAULT=no`` where we wrote it."""


@dataclass(frozen=True)
class Policy:
    """The policy of one host."""

    name: str
    """What is in force: ``hold``, ``follow`` or ``free``."""
    why: str
    setting: str | None = None
    """What host data ask for; None: nothing."""

    @property
    def kept(self) -> bool:
        """Whether it is what was asked for."""
        return self.setting in (None, self.name)


def decided(state: HostState, setting: str | None) -> Policy:
    """The policy of a host in this state.

    Unset, it is ``follow`` where GRUB chooses the kernel and nobody has told it how: a
    security update of the kernel still comes, and the GPU is not lost for it. Elsewhere there is
    no choice to move, so it is ``free``.

    Args:
        state: What the probe saw.
        setting: Host data ``kernel_policy``, checked; None where they say nothing.
    """
    if setting in ("hold", "free"):
        return Policy(setting, "host data say so", setting)
    obstacle = in_the_way(state)
    if obstacle:
        return Policy("free", obstacle, setting)
    return Policy(
        "follow", "host data say so" if setting else "GRUB chooses the kernel here", setting
    )


def in_the_way(state: HostState) -> str:
    """What speaks against moving GRUB's choice; an empty text where nothing does."""
    menu = state.kernels.menu
    if menu is None:
        return "GRUB is not here"
    if menu.saves:
        return "GRUB_SAVEDEFAULT is on: what a person picks in the menu is to stay"
    if state.package_manager.kind == "apt":
        if menu.default != "0":
            return f"{menu.default_in} says GRUB_DEFAULT={menu.default}: that is somebody's choice"
        return ""
    if state.package_manager.kind != "dnf":
        return "neither apt nor dnf is here"
    return _in_the_way_on_dnf(state)


def _in_the_way_on_dnf(state: HostState) -> str:
    """There the saved entry is the distribution's way, and each new kernel makes itself that.

    ``UPDATEDEFAULT`` of ``/etc/sysconfig/kernel`` says whether it does (RHEL 8 and 9, "Managing,
    monitoring and updating the kernel").
    """
    menu = state.kernels.menu
    assert menu is not None
    if menu.default_in and menu.default != "saved":
        return f"{menu.default_in} says GRUB_DEFAULT={menu.default}: that is somebody's choice"
    said = menu.update_default or ""
    if OWN_MARK in said:
        return ""
    if said.strip("\"'") == "no":
        return "/etc/sysconfig/kernel says UPDATEDEFAULT=no: that is somebody's choice"
    newest = next((k.release for k in reversed(state.kernels.installed) if k.bootable), None)
    if state.kernels.next_boot != newest:
        return (
            f"the saved entry is {state.kernels.next_boot} and not the newest kernel {newest}: "
            "that is somebody's choice"
        )
    return ""


def findings(policy: Policy, free_to_move: list[str], deploy: str) -> list[Finding]:
    """KERNEL-POLICY, where the host is not kept as its data ask.

    Args:
        policy: The host's policy.
        free_to_move: Kernel packages that should be held and are not.
        deploy: The deploy that was run, for the remedy.
    """
    if not policy.kept:
        return [
            Finding(
                "KERNEL-POLICY",
                "WARN",
                f"the kernel policy {policy.setting} cannot be kept on this host",
                policy.why,
                f"take the obstacle away, or say kernel_policy: {policy.name} for this host",
            )
        ]
    if policy.name == "hold" and free_to_move:
        return [
            Finding(
                "KERNEL-POLICY",
                "WARN",
                "the kernel is to be held and can be moved by an upgrade",
                "not held: " + ", ".join(free_to_move[:8]),
                f"run {deploy} again",
            )
        ]
    return []

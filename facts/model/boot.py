"""Kernels: running, installed, and what boots next."""

from __future__ import annotations

from dataclasses import dataclass

from facts.model.shown import Shown


@dataclass(frozen=True)
class Kernel(Shown):
    """One installed kernel."""

    release: str
    bootable: bool
    """A ``vmlinuz`` and a modules folder are there."""
    headers: bool
    """``/lib/modules/<release>/build`` leads to a folder with a Makefile."""
    compiler: str | None
    """``CONFIG_CC_VERSION_TEXT`` of its config."""
    options: tuple[str, ...] | None = None
    """Settings that decide whether a driver can be built (``CONFIG_PREEMPT_RT``), of those that are
    ``y``; None: its config was not found."""


@dataclass(frozen=True)
class BootMenu(Shown):
    """What GRUB was told about which entry to boot. Files of ours are left out."""

    config: str
    """Path of ``grub.cfg``."""
    default: str
    """The last ``GRUB_DEFAULT`` of ``/etc/default/grub`` and its drop-ins; ``0`` where none is."""
    default_in: str
    """The file that says so; empty: none."""
    saves: bool
    """``GRUB_SAVEDEFAULT``: what a person picks in the menu becomes the default."""
    update_default: str | None
    """``UPDATEDEFAULT`` of the Red Hat family's ``/etc/sysconfig/kernel``, with what follows it on
    its line."""


@dataclass(frozen=True)
class Kernels(Shown):
    """Running, installed, and the one that boots next."""

    running: str
    installed: tuple[Kernel, ...]
    next_boot: str | None
    next_boot_why: str
    """How it was found: ``grub default``, ``newest installed`` …"""
    menu: BootMenu | None = None
    """None: GRUB is not here."""

"""All rules in the order in which they are asked, but for those of containers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tasks.health import (
    device_rules,
    kernel_rules,
    load_rules,
    login_rules,
    package_rules,
    version_rules,
)
from tasks.health.case import Case, Fault

Rule = Callable[[Case], Iterator[Fault]]

_ALWAYS: tuple[Rule, ...] = (
    package_rules.busy,
    package_rules.jetson_packages,
    package_rules.broken,
    package_rules.two_keys,
    package_rules.full,
)
JETSON: tuple[Rule, ...] = (
    *_ALWAYS,
    package_rules.jetson_torch,
    login_rules.unreachable,
    login_rules.other_torch,
    login_rules.other_settings,
)


def absent(case: Case) -> Iterator[Fault]:
    """DRIVER-INCOMPLETE: there is a GPU, or one is to come, and no driver at all."""
    if not case.has_driver and (case.state.gpus or case.expected_gpus):
        yield Fault(
            "DRIVER-INCOMPLETE",
            "CRITICAL",
            "no NVIDIA driver is installed",
            "no package, no module file, no library",
        )


SERVER: tuple[Rule, ...] = (
    *_ALWAYS,
    device_rules.no_gpu,
    absent,
    kernel_rules.missing,
    load_rules.nouveau,
    load_rules.blocked,
    load_rules.claimed,
    load_rules.secure_boot,
    load_rules.wrong_kernel,
    load_rules.flavour,
    version_rules.copies,
    version_rules.half,
    version_rules.outlived,
    load_rules.not_loaded,
    version_rules.library,
    version_rules.firmware,
    device_rules.no_firmware,
    device_rules.hangs,
    device_rules.lost,
    device_rules.wedged,
    device_rules.no_start,
    device_rules.smi_fails,
    device_rules.count,
    device_rules.xid,
    device_rules.persistence,
    device_rules.fabric,
    device_rules.uvm,
    device_rules.compatibility,
    login_rules.unreachable,
    login_rules.other_torch,
    package_rules.hidden,
    login_rules.other_settings,
    login_rules.no_device,
    device_rules.call,
)


def of_host(case: Case) -> tuple[Rule, ...]:
    """The rules for such a host."""
    return JETSON if case.state.jetson is not None else SERVER

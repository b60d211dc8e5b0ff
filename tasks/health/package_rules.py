"""Package manager, disk and Jetson: what stands before any driver. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facts.model.packages import AptSource
from tasks.health.case import Case, Fault

_WARN_MB, _CRITICAL_MB = 1024, 200
_BOOT_WARN_MB, _BOOT_CRITICAL_MB = 100, 30
"""Room that a kernel, its module's build (below /var) and its initramfs (in /boot) need."""

_CORE = re.compile(
    r"kernel|dkms|driver|compute|firmware|utils|headless|nvidia-smi|^libcuda1"
    r"|^libnvidia-(?!egl|container)"
)
"""Packages that must come from one place; small tools beside them (nvidia-modprobe) need not."""

_HIDING = re.compile(r"\b(?:CUDA|NVIDIA)_VISIBLE_DEVICES=")


def busy(case: Case) -> Iterator[Fault]:
    """BUSY: somebody is at work, so that what is seen may be half of it."""
    locks = case.state.package_manager.locks
    jobs = [job.name for job in case.state.jobs.values() if job.active in ("active", "activating")]
    told = [f"process {lock.pid} holds {lock.path} ({lock.command.strip()})" for lock in locks]
    told += [f"the job {name} runs" for name in jobs]
    if told:
        yield Fault("BUSY", "UNKNOWN", "this host is being changed right now", "; ".join(told))


def jetson_packages(case: Case) -> Iterator[Fault]:
    """J4: the boot chain of Jetson Linux is half configured."""
    half = [h for h in case.state.package_manager.half_configured if h.startswith("nvidia-l4t-")]
    if case.state.jetson is not None and half:
        yield Fault(
            "J4", "CRITICAL", "Jetson Linux's own packages are half configured", ", ".join(half)
        )


def jetson_torch(case: Case) -> Iterator[Fault]:
    """J1: a wheel without CUDA on a Jetson."""
    here = next((v for v in case.state.venvs if v.path == case.state.current_venv), None)
    version = here.packages.get("torch", "") if here else ""
    if case.state.jetson is not None and here and version.endswith("+cpu"):
        yield Fault(
            "J1",
            "CRITICAL",
            "torch is built without this Jetson's CUDA",
            f"torch {version} in {here.path}",
        )


def broken(case: Case) -> Iterator[Fault]:
    """D9: half-configured packages, unmet dependencies, several origins, a .run file."""
    manager = case.state.package_manager
    told = []
    if manager.half_configured:
        told.append("half configured: " + ", ".join(manager.half_configured[:6]))
    if case.evidence.broken:
        lines = [line.strip() for line in case.evidence.broken if line.strip()]
        told.append("apt-get check: " + " / ".join(lines[:4]))
    if told:
        yield Fault("D9", "CRITICAL", "the package manager is broken", "; ".join(told))
        return
    origins: dict[str, list[str]] = {}
    for package in case.driver_packages:
        if package.origin and _CORE.search(package.name):
            origins.setdefault(package.origin, []).append(f"{package.name} {package.version}")
    if case.state.driver.runfile:
        origins["a .run file"] = [case.state.driver.runfile]
    if len(origins) > 1:
        yield Fault(
            "D9",
            "WARN",
            "the driver comes from several places",
            "; ".join(f"{name}: {', '.join(found[:3])}" for name, found in sorted(origins.items())),
            cause="the archive, NVIDIA's repository, a PPA or a .run file are mixed",
            breaks=(),
            key="origins",
        )


def two_keys(case: Case) -> Iterator[Fault]:
    """C7: apt refuses to read any list where two sources name different keys for one repository."""
    seen: dict[tuple[str, str], AptSource] = {}
    for source in case.state.package_manager.sources:
        for uri in source.uris:
            for suite in source.suites:
                other = seen.setdefault((uri.rstrip("/"), suite), source)
                if (other.signed_by or "") != (source.signed_by or ""):
                    yield Fault(
                        "C7",
                        "CRITICAL",
                        f"two source files disagree about the key of {uri}",
                        f"{other.file}: {other.signed_by or 'none'}; "
                        f"{source.file}: {source.signed_by or 'none'}",
                        values={"file": _older(other, source)},
                    )
                    return


def _older(one: AptSource, two: AptSource) -> str:
    """The file to take out: never ours, and rather a .list than a .sources."""
    return min(
        (one, two), key=lambda s: ("gpuwright" in s.file, bool(s.signed_by), ".sources" in s.file)
    ).file


def full(case: Case) -> Iterator[Fault]:
    """DISK-FULL: no room where updates and builds need it."""
    worst: dict[str, tuple[int, str, bool]] = {}
    for path in ("/", "/var", "/tmp", "/boot"):
        mount = case.state.mounts.get(path)
        if mount is None:
            continue
        boot = path == "/boot" and mount.device != getattr(
            case.state.mounts.get("/"), "device", None
        )
        warn, critical = (_BOOT_WARN_MB, _BOOT_CRITICAL_MB) if boot else (_WARN_MB, _CRITICAL_MB)
        inodes = mount.free_inodes is not None and 0 < mount.free_inodes < 1000
        if mount.free_mb < warn or inodes:
            bad = mount.free_mb < critical or inodes
            worst.setdefault(mount.device, (mount.free_mb, path, bad))
    if worst:
        told = sorted(worst.values())
        yield Fault(
            "DISK-FULL",
            "CRITICAL" if any(bad for *_, bad in told) else "WARN",
            "there is little room for updates and module builds",
            "; ".join(f"{path}: {free} MB free" for free, path, _ in told),
            values={"path": told[0][1]},
        )


def hidden(case: Case) -> Iterator[Fault]:
    """GPUS-HIDDEN: a setting for all users chooses which GPUs CUDA may see."""
    told = [f"{s.file}: {s.text}" for s in case.state.settings if _HIDING.search(s.text)]
    login = case.evidence.login
    if not told and login:  # somewhere that no list of files has: what it does is seen
        told = [
            f"a login has {k}={v}" for k, v in login.variables.items() if _HIDING.search(f"{k}=")
        ]
    if told:
        yield Fault(
            "GPUS-HIDDEN",
            "WARN",
            "a setting for all users hides GPUs from CUDA",
            "; ".join(told),
            values={"file": told[0].split(":")[0] if told[0][0] == "/" else "/etc/profile"},
        )

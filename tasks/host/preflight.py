"""Before anything is changed: the host must be able and free, and we must do no harm."""

from __future__ import annotations

from facts.model.host import HostState
from facts.model.system import Mount
from facts.parse.archives import ArchiveAnswer
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.host import ground, others
from tasks.host.no_root import no_root
from tasks.hostdata.network import NetworkSettings
from tasks.repositories import archive_answers, archives
from tasks.repositories import files as repository_files
from tasks.verify.parts import parts

HEADROOM_MB = 1024
"""Left free on every file system, so that logs and package lists still fit."""
SMALL: dict[str, int] = {"/boot": 32, "/tmp": 32}
"""Left free on a file system of its own where nothing else grows: they are small on many hosts."""


def conflicts(
    state: HostState, plan: Plan, network: NetworkSettings | None = None
) -> tuple[Conflict, ...]:
    """What speaks against this plan on this host, once `access` is given."""
    found: list[Conflict] = []
    found += ground.conflicts(state, plan, network or NetworkSettings())
    found += _foreign_driver(state, plan)
    found += _disk(state, plan)
    return tuple(found)


def access(state: HostState) -> list[Conflict]:
    """What keeps us from working on this host at all: no root, no systemd."""
    found = []
    if not state.login.root:
        found.append(no_root(state.login))
    if not state.system.systemd:
        found.append(
            Conflict(
                "NO-SYSTEMD",
                "systemd does not run on this host",
                "process 1 is something else; long steps run as systemd units",
                ("boot the host with systemd (a plain chroot or container cannot be set up)",),
                "gpuwright: docs/decisions.md",
            )
        )
    return found


def sources(
    state: HostState, plan: Plan, answers: tuple[ArchiveAnswer, ...] = ()
) -> tuple[Conflict, ...]:
    """What speaks against the host's own package sources, once their archives were asked.

    Args:
        state: What was seen, with what the archives say of themselves.
        plan: What should be.
        answers: Of the archives that were asked.
    """
    wanted = archives.wanted(plan)
    found = [
        *archive_answers.conflicts(state, answers),
        *archives.unrepeatable(state, wanted),
        *archives.missing(state, wanted),
        *others.conflicts(state, plan),
    ]
    for repository in plan.repositories:
        found += repository_files.files_for(repository).shared(state, repository)
    found += archives.epel_missing(state, plan)
    return tuple(found)


def _foreign_driver(state: HostState, plan: Plan) -> list[Conflict]:
    found = []
    # The installer's log alone proves nothing: it stays behind when the driver is removed.
    if plan.driver is not None and (state.driver.runfile or "").endswith("nvidia-uninstall"):
        found.append(
            Conflict(
                "DRIVER-RUNFILE",
                "an NVIDIA driver from a .run installer is on this host",
                f"{state.driver.runfile} is there; packages over it would leave two drivers",
                (
                    "remove it first: nvidia-uninstall --silent (the GPU is gone until the next "
                    "run; stop what uses it)",
                ),
                "diagnosis: mixed sources, D9",
            )
        )
    for ppa in state.package_manager.ppas:
        if "graphics-drivers" in ppa:
            found.append(
                Conflict(
                    "DRIVER-PPA",
                    "a PPA that carries NVIDIA drivers is enabled",
                    f"source: {ppa}; it would move the driver to another branch",
                    (f"remove that source and run apt-get update: grep -rl '{ppa}' /etc/apt",),
                    "diagnosis: mixed sources, D9",
                )
            )
    if plan.driver is not None and plan.driver.origin == "debian" and not plan.driver.replaces:
        strangers = sorted(
            f"{p.name} {p.version} ({p.origin})"
            for p in state.packages.values()
            if p.installed and p.origin and p.origin not in ("Debian",) and _is_driver(p.name)
        )
        if strangers:
            found.append(
                Conflict(
                    "DRIVER-OTHER-ORIGIN",
                    "NVIDIA driver packages of another origin are installed",
                    "installed: " + ", ".join(strangers[:6]),
                    (
                        "remove them (the GPU is gone until the next run): apt-get remove "
                        + " ".join(s.split()[0] for s in strangers[:6]),
                    ),
                    "diagnosis: mixed sources, D9",
                )
            )
    return found


def _is_driver(name: str) -> bool:
    return name.startswith(
        ("nvidia-kernel", "nvidia-dkms", "nvidia-driver", "libnvidia-", "libcuda1", "cuda-drivers")
    )


def _disk(state: HostState, plan: Plan) -> list[Conflict]:
    found = []
    for device, paths, need, told in disk_needs(state, plan):
        free = min(_mount(state, path).free_mb for path in paths)
        headroom = max(SMALL.get(path, HEADROOM_MB) for path in paths)
        if free < need + headroom:
            found.append(
                Conflict(
                    "DISK-SMALL",
                    f"the disk of {', '.join(paths)} is too small",
                    f"{free:,} MiB are free on {device}; needed are {need:,} MiB "
                    f"({told}) and {headroom:,} MiB of headroom",
                    (f"free or add {need + headroom - free:,} MiB there", _larger(paths)),
                    "sizes: stacks/catalog",
                )
            )
    return found


def _larger(paths: list[str]) -> str:
    if paths == ["/boot"]:
        return "or remove kernels that nobody boots: apt-get purge or dnf remove, of their images"
    return "or mount a larger disk at /opt (torch) or /var (downloads)"


def disk_needs(state: HostState, plan: Plan) -> list[tuple[str, list[str], int, str]]:
    """What is still to be written, per file system: device, paths, MiB, what for.

    A component that is there already needs nothing more.
    """
    if not state.mounts:
        return []
    rooms = [room for part in parts(state, plan) for room in part.room]
    wants = [(room.path, room.mb, room.what) for room in rooms]
    if _disk_of(state, "/var") != _disk_of(state, "/opt"):
        # On one file system uv links from its cache into the environment, else it copies.
        wants += [("/var", r.mb, f"{r.what} in uv's cache") for r in rooms if r.from_wheels]
    by_disk: dict[tuple[str, int], tuple[list[str], int, list[str]]] = {}
    for path, mb, what in wants:
        paths, total, told = by_disk.get(_disk_of(state, path), ([], 0, []))
        by_disk[_disk_of(state, path)] = (
            paths if path in paths else [*paths, path],
            total + mb,
            [*told, f"{what} {mb:,}"],
        )
    return [(d, paths, mb, ", ".join(told)) for (d, _), (paths, mb, told) in by_disk.items()]


def _mount(state: HostState, path: str) -> Mount:
    return state.mounts.get(path) or state.mounts["/"]


def _disk_of(state: HostState, path: str) -> tuple[str, int]:
    """Device and size: every tmpfs has the same device name."""
    mount = _mount(state, path)
    return mount.device, mount.size_mb

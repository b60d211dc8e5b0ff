"""What every program of a host stands on, and what a run needs of it. Pure.

Room to write below /tmp, file systems that are not read-only, a clock, somebody who answers for
names. Without them apt and uv fail after minutes, with words of their own.
"""

from __future__ import annotations

import ipaddress
import time
from urllib.parse import urlsplit

from facts.model.host import HostState
from stacks.model.messages import Conflict
from stacks.model.plan import Plan
from tasks.hostdata.network import NetworkSettings
from tasks.verify.parts import parts

TMP_MB = 32
"""apt's check of signatures, kernel hooks and compilers write there; they need less."""
CLOCK_S = 86_400
"""A day: certificates and Release files are refused by days, and time zones are no difference."""
_TEMPORARY = ("/tmp", "/var/tmp")
_WRITTEN = ("/usr", "/var", "/opt", "/boot")


def conflicts(state: HostState, plan: Plan, network: NetworkSettings) -> tuple[Conflict, ...]:
    """What is missing under a run of this plan."""
    coming = [part for part in parts(state, plan) if part.to_come]
    busy = bool(coming)
    found = [*_temporary(state), *_shared(state), *_clock(state)]
    if state.driver.loaded == "" or any(part.name == "driver" for part in coming):
        found += _locked(state, plan)
    if busy:
        found += [*_read_only(state), *_names(state, plan, network)]
    return tuple(found)


def _temporary(state: HostState) -> list[Conflict]:
    """TMP-UNUSABLE: one of the folders where every program writes."""
    found = []
    for path in _TEMPORARY:
        mode = state.modes.get(path)
        why, remedy = "", ""
        if path in state.unwritable and state.login.root:
            why = f"{path} is on a file system that is mounted read-only (findmnt -T {path})"
            remedy = f"mount -o remount,rw $(findmnt -n -o TARGET -T {path})"
        elif mode is not None and mode & 0o1777 != 0o1777:
            why = f"its permissions are {mode:o}: other users than root, apt's own among them, "
            why += "cannot use it as they must"
            remedy = f"chmod 1777 {path}"
        elif (room := state.mounts.get(path)) is not None:
            if room.free_mb < TMP_MB:
                why = f"{room.free_mb:,} MiB are free there on {room.device}, {TMP_MB} are needed"
                remedy = f"remove what fills it: du -xsm {path}/* | sort -n | tail"
            elif room.free_inodes is not None and room.free_inodes < 100:
                why = f"{room.free_inodes} files more have room there on {room.device}"
                remedy = f"remove what fills it: find {path} -xdev | wc -l"
        if why:
            found.append(
                Conflict(
                    "TMP-UNUSABLE",
                    f"nothing can be written below {path} as it must be",
                    why,
                    (remedy,),
                    "hier(7); apt writes there when it checks signatures",
                )
            )
    return found


def _shared(state: HostState) -> list[Conflict]:
    """FOLDER-SHARED: somebody else could swap what root puts and runs there.

    Every write of ours looks itself (``place.sh.j2``); here it is said before the first of them.
    """
    if not state.shared:
        return []
    told = "; ".join(f"{path}: {why}" for path, why in state.shared.items())
    paths = " ".join(state.shared)
    return [
        Conflict(
            "FOLDER-SHARED",
            f"others than root may change {' and '.join(state.shared)}, where root's programs lie",
            f"{told}; whoever may rename there could have root run a program of theirs",
            (f"look at it, then: chown root:root {paths} && chmod go-w {paths}",),
            "hier(7); path_resolution(7)",
        )
    ]


def _read_only(state: HostState) -> list[Conflict]:
    """FS-READ-ONLY: folders that the run writes to."""
    paths = [p for p in _WRITTEN if p in state.unwritable and state.login.root]
    if not paths:
        return []
    return [
        Conflict(
            "FS-READ-ONLY",
            f"{' and '.join(paths)} cannot be written, not even by root",
            "the file system is mounted read-only, as it is after an error of the disk, or on "
            "purpose",
            (
                f"look why: dmesg | grep -i remount; findmnt -T {paths[0]}",
                f"mount -o remount,rw $(findmnt -n -o TARGET -T {paths[0]})",
            ),
            "mount(8), ro",
        )
    ]


def _locked(state: HostState, plan: Plan) -> list[Conflict]:
    """MODULES-LOCKED: a container's own kernel is another machine's, and loads there."""
    if not plan.driver or not state.modules_locked or state.system.container:
        return []
    return [
        Conflict(
            "MODULES-LOCKED",
            "the running kernel loads no module any more, so it would not load NVIDIA's",
            f"{state.modules_locked}; nothing sets that back before the next boot",
            (
                "find who sets it (grep -rs modules_disabled /etc/sysctl.conf /etc/sysctl.d), take "
                "that out, reboot, and run this again",
                "where it has to stay: set it late at boot, once nvidia and nvidia_uvm are loaded",
            ),
            "Linux, Documentation/admin-guide/sysctl/kernel.rst, modules_disabled",
        )
    ]


def _clock(state: HostState) -> list[Conflict]:
    """CLOCK-WRONG: host and controller differ by more than a day."""
    here, there = state.asked_s, state.system.clock_s
    if here is None or there is None or abs(here - there) <= CLOCK_S:
        return []
    newest = max((r.date for r in state.package_manager.releases.values() if r.date), default=None)
    seen = f"the host says {_day(there)}, the machine that runs this says {_day(here)}"
    if newest is not None:
        seen += f"; the newest package index on the host is of {_day(newest)}"
    ours = newest is not None and here < newest <= there
    remedies = ["set the host's clock: timedatectl set-ntp true, or date -s with the right time"]
    remedies.insert(0 if ours else 1, "or, where this machine's is the wrong one, set that")
    return [
        Conflict(
            "CLOCK-WRONG",
            "the clock of this machine is wrong" if ours else "the host's clock is wrong",
            f"{seen}; certificates and package indexes are refused outside of their time",
            tuple(remedies),
            "apt.conf(5), Acquire::Check-Date; timedatectl(1)",
        )
    ]


def _names(state: HostState, plan: Plan, network: NetworkSettings) -> list[Conflict]:
    """NAME-SERVER-NONE: nobody answers for the name of the package index of the wheels."""
    if state.system.resolver != "none" or plan.torch is None or network.proxy or network.needless:
        return []
    if any(word in line.text.lower() for line in state.others.environment for word in _PROXIES):
        return []
    index = plan.torch.default_index or state.pip_index
    host = (urlsplit(index).hostname or "") if index else ""
    if host and (_is_address(host) or host in state.system.known_names):
        return []
    proxy = next((line for line in state.others.apt_lines if "proxy" in line.text.lower()), None)
    alone = f"; apt has a proxy ({proxy.place}), which no other program uses" if proxy else ""
    return [
        Conflict(
            "NAME-SERVER-NONE",
            "nobody on this host answers for names, and wheels are fetched by name",
            f"/etc/resolv.conf names no name server, and systemd-resolved does not run{alone}",
            (
                "give the host a name server: a line nameserver ADDRESS in /etc/resolv.conf",
                "or name the way out in the host's data: proxy: 'http://host:port'",
                "or name an index by its address: mirrors: {pypi: 'http://ADDRESS/simple'}",
            ),
            "resolv.conf(5)",
        )
    ]


_PROXIES = ("https_proxy", "all_proxy", "http_proxy")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return True


def _day(seconds: float) -> str:
    """``2026-11-30 12:00 UTC``; years that no calendar has are told in seconds."""
    try:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} s since 1970"

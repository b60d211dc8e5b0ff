"""In which order and process the modules run, and which are left out where time is short.

Only CI is short of time: it has 90 minutes, on machines that differ.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

END = "GPUWRIGHT_TESTS_END"
"""Variable with the time, in seconds since 1970, at which the tests have to be over."""
_BEGAN, _TURN = "GPUWRIGHT_TESTS_BEGAN", "GPUWRIGHT_TESTS_TURN"
NO_TIME = "no time:"
"""Begins the reason of each test that is left out for want of time."""
MINUTES = {
    "test_sandbox": 2,
    "test_sandbox_inventory": 1,
    "test_bad_input": 2,
    "test_report": 3,
    "test_not_ours": 3,
    "test_logins": 3,
    "test_theirs": 1,
    "test_benchmark": 1,
    "test_odd_kernels": 4,
    "test_waits": 3,
    "test_roll": 4,
    "test_first_boot": 5,
    "test_mirror_login": 2,
    "test_offline": 5,
    "test_mirrors": 3,
    "test_own_repository": 5,
    "test_jetson": 8,
    "test_full_kernel": 2,
    "test_vm": 1,
    "test_vm_faults": 22,
    "test_image": 8,
    "test_workspace": 4,
    "test_gpu_host": 15,
    "test_bad_luck": 8,
    "test_container_host": 9,
    "test_container_host_13": 5,
    "test_image_ways": 10,
    "test_nvidia_apt": 7,
    "test_vm_reboot": 6,
    "test_doctor": 8,
    "test_repair": 2,
    "test_guard": 4,
    "test_ubuntu": 7,
    "test_nvidia_bad_luck": 4,
    "test_remove": 6,
    "test_remove_containers": 4,
    "test_rocky": 5,
    "test_rocky_8": 3,
}
"""The modules in their order, and how long each takes beside another one on two cores: cheap ones
first, then the longest, so that the processes end together."""
SHARED = {
    "test_image": "site",
    "test_workspace": "site",
    "test_vm": "machine",
    "test_vm_faults": "machine",
}
"""Hosts that several modules are about."""
MAIN = "test_gpu_host"
"""The main job: a bare host becomes a GPU host. It is never among what is left out."""
CHEAP, DEAR, LONG = 2, 6, 20
"""Minutes up to which a host comes first, from which it is one of those that may be left out (much
time for few modules), and from which it does not begin late."""


def group(name: str) -> str:
    """What runs in one process, one after the other: the modules of one host."""
    return SHARED.get(name, name)


class ByHost(LoadFileScheduling):  # type: ignore[misc] # it has no types
    """A module stays in one process, and modules of one host in the same.

    The ``loadgroup`` of pytest-xdist 3.8 does nothing with pytest 9.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group(Path(super()._split_scope(nodeid)).stem)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Share the tests out with pytest-xdist."""
    return ByHost(config, log)


def minutes(host: str) -> int:
    """How long a host's modules take."""
    return sum(taken for name, taken in MINUTES.items() if group(name) == host)


def rotation(number: int) -> list[str]:
    """The dear hosts but the main job's, a half of them first at even numbers, the other at odd.

    In each half what would keep one process busy after the others comes first, then the shortest:
    a host that is left out then stands for as much time as one can.
    """
    hosts = [host for host in dict.fromkeys(map(group, MINUTES)) if host != MAIN]
    dear = sorted((host for host in hosts if minutes(host) >= DEAR), key=minutes)
    halves = [sorted(half, key=lambda h: minutes(h) < LONG) for half in (dear[::2], dear[1::2])]
    return halves[number % 2] + halves[1 - number % 2]


def left_out(room: float, number: int) -> list[str]:
    """Dear hosts for which `room` minutes of work do not suffice, in the order of the rotation."""
    turns = rotation(number)
    room -= sum(minutes(host) for host in set(map(group, MINUTES)) - set(turns))
    late = []
    for host in turns:
        if minutes(host) <= room:
            room -= minutes(host)
        else:
            late.append(host)
    return late


def order_where_short(names: Iterable[str], room: float, number: int) -> list[str]:
    """The modules in the order in which they run where time is short.

    Cheap ones first, as ever, then the main job and what is not dear: the floor counts modules. The
    dear ones follow in their rotation, and after them what is to be left out, so that even wrong
    estimates leave out few, and others each time.
    """
    turns, late = rotation(number), left_out(room, number)

    def key(name: str) -> tuple[int, int]:
        host = group(name)
        if host in late:
            return 4, late.index(host)
        if host in turns:
            return 3, turns.index(host)
        place = list(MINUTES).index(name)
        return (1 if host == MAIN else 0 if minutes(host) <= CHEAP else 2), place

    return sorted(names, key=key)


def pytest_configure() -> None:
    """Let the processes that share the tests out know what all must reckon with alike."""
    if END in os.environ:
        os.environ.setdefault(_BEGAN, str(time.time()))
        os.environ.setdefault(_TURN, str(commit_number()))


def commit_number() -> int:
    """How many commits there are up to this one; the day's number where history is not here."""
    here = ["git", "-C", str(Path(__file__).parent)]
    with contextlib.suppress(OSError, subprocess.CalledProcessError, ValueError):
        if _said(*here, "rev-parse", "--is-shallow-repository") == "false":
            return int(_said(*here, "rev-list", "--count", "HEAD"))
    return int(time.time()) // 86400


def _said(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the modules in their order; the order inside each stays."""
    if END in os.environ:
        processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        room = processes * (float(os.environ[END]) - float(os.environ[_BEGAN])) / 60
        known = order_where_short(MINUTES, room, int(os.environ[_TURN]))
    else:
        known = list(MINUTES)
    places = {name: place for place, name in enumerate(known)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


class Clock:
    """How much slower than estimated this process is, by the hosts that it is done with."""

    def __init__(self) -> None:
        self._host, self._began = "", 0.0
        self._taken, self._estimated = 0.0, 0

    def begin(self, host: str, now: float) -> None:
        """Take `host` for begun, and the one before it for done.

        Args:
            host: Its name; an empty one where the time until the next begins is no host's.
            now: Seconds since 1970.
        """
        if self._host:
            self._taken += now - self._began
            self._estimated += minutes(self._host)
        self._host, self._began = host, now

    def slowness(self) -> float:
        """What to multiply estimates with, 1 or more: a late machine does not get quicker."""
        if self._estimated < DEAR:
            return 1
        return max(1.0, self._taken / 60 / self._estimated)


_begun: dict[str, bool] = {}
_clock = Clock()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a host's tests out, all of them, where there is no time for them to end."""
    host = group(item.path.stem)
    if host not in _begun:
        now, end = time.time(), float(os.environ.get(END) or "inf")
        _clock.begin("", now)
        _begun[host] = now + 60 * minutes(host) * _clock.slowness() <= end
        if _begun[host]:
            _clock.begin(host, now)
    if not _begun[host]:
        pytest.skip(f"{NO_TIME} {host} takes {minutes(host)} minutes, and there were fewer")

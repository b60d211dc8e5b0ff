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
    "test_gpu_host": 14,
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
CHEAP, LONG = 2, 10
"""Minutes up to which a host is cheap, and from which it is long."""


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
    """Every host but the main job's, from another one on for each number.

    It goes on by a quarter, the most that may be left out (`floor`): what is last at one number is
    first at the next.
    """
    others = [host for host in dict.fromkeys(map(group, MINUTES)) if host != MAIN]
    first = -number * -(-len(others) // 4) % len(others)
    return others[first:] + others[:first]


def left_out(room: float, number: int) -> list[str]:
    """Hosts for which `room` minutes of work do not suffice, in the order of the rotation."""
    room -= minutes(MAIN)
    late = []
    for host in rotation(number):
        if minutes(host) <= room:
            room -= minutes(host)
        else:
            late.append(host)
    return late


def order_where_short(names: Iterable[str], room: float, number: int) -> list[str]:
    """The modules in the order in which they run where time is short.

    Cheap ones first, long ones next, as ever. The others follow the rotation, and after them what
    is to be left out: should estimates be wrong, it is another host that has no time each time.
    """
    turns, late = rotation(number), left_out(room, number)

    def key(name: str) -> tuple[int, int]:
        host = group(name)
        if host in late:
            return 2, late.index(host)
        if host not in turns or not CHEAP < minutes(host) < LONG:
            return 0, list(MINUTES).index(name)
        return 1, turns.index(host)

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


_begun: dict[str, bool] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a host's tests out, all of them, where there is no time for them to end."""
    host = group(item.path.stem)
    if host not in _begun:
        end = float(os.environ.get(END) or "inf")
        _begun[host] = time.time() + 60 * minutes(host) <= end
    if not _begun[host]:
        pytest.skip(f"{NO_TIME} {host} takes {minutes(host)} minutes, and there were fewer")

"""In which order and process the modules run, and which are left out where time is short.

Only CI is short of time: it has 40 minutes, on machines that differ.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

END = "GPUWRIGHT_TESTS_END"
"""Variable with the time, in seconds since 1970, at which the tests have to be over."""
MINUTES = {
    "test_sandbox": 2,
    "test_sandbox_inventory": 1,
    "test_bad_input": 1,
    "test_redist": 1,
    "test_jetson": 8,
    "test_vm": 1,
    "test_vm_faults": 32,
    "test_image": 8,
    "test_workspace": 3,
    "test_gpu_host": 12,
    "test_bad_luck": 8,
    "test_container_host": 7,
    "test_container_host_13": 5,
    "test_image_ways": 6,
    "test_nvidia_apt": 7,
    "test_doctor": 6,
    "test_repair": 2,
    "test_guard": 4,
    "test_ubuntu": 6,
    "test_nvidia_bad_luck": 4,
    "test_rocky": 4,
}
"""The modules in their order, and how long each takes beside another one on two cores: cheap ones
first, then the longest, so that both processes end together."""
SHARED = {
    "test_image": "site",
    "test_workspace": "site",
    "test_vm": "machine",
    "test_vm_faults": "machine",
}
"""Hosts that several modules are about."""
DEAREST = "machine"
"""The host that takes as long as many others: an emulated machine."""


def place(path: Path) -> int:
    """A module's place in the order; after all others where it has none."""
    names = list(MINUTES)
    return names.index(path.stem) if path.stem in names else len(names)


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the modules in their order; the order inside each stays.

    Where time is short, the dearest host is last: what is left out is then one and not many.
    """
    short = END in os.environ
    items.sort(key=lambda i: (short and group(i.path.stem) == DEAREST, place(i.path)))


_begun: dict[str, bool] = {}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave a host's tests out, all of them, where there is no time for them to end."""
    of_host = group(item.path.stem)
    needed = sum(m for name, m in MINUTES.items() if group(name) == of_host)
    if of_host not in _begun:
        _begun[of_host] = time.time() + 60 * needed <= float(os.environ.get(END) or "inf")
    if not _begun[of_host]:
        pytest.skip(f"{of_host} takes {needed} minutes, which there were not before {END}")

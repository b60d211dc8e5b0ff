"""Which hosts are checked, and against which plan.

    python -m pytest tests/acceptance --inventory inventories/lab.py [--limit HOST] [--data K=V]

The inventory is read by pyinfra and the plan is made by the code that deploys use, so these checks
ask of a host exactly what ``deploys/gpu_host.py`` promises it. They change nothing on it: programs
are compiled in a folder below /tmp that goes away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from facts.model.host import HostState
from stacks.load import StackError
from stacks.model.plan import CudaPlan, CudnnPlan, DriverPlan, TorchPlan
from tasks.holds import sets
from tasks.host import resolution as host_resolution
from tests.acceptance import build, inventory
from tests.acceptance.subject import Subject, connect


class Fleet:
    """The hosts to check. Their states are read together, when the first is asked for."""

    def __init__(self, path: str, limit: list[str], data: list[str]) -> None:
        self.path = str(Path(path).resolve()) if Path(path).exists() else path
        extra = dict(inventory.value(text) for text in data)
        self.entries = {e.name: e for e in inventory.read(self.path, limit, extra)}

    @cached_property
    def states(self) -> dict[str, HostState]:
        return inventory.states(self.path, list(self.entries))


FLEET = pytest.StashKey[Fleet]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gpuwright acceptance")
    group.addoption("--inventory", help="pyinfra inventory whose hosts are checked")
    group.addoption("--limit", action="append", default=[], help="host, pattern or group; repeat")
    group.addoption("--data", action="append", default=[], help="host data, as pyinfra's --data")


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    path = config.getoption("--inventory")
    if not path:
        raise pytest.UsageError("name the hosts to check: --inventory inventories/lab.py")
    if path.endswith(".py") and not Path(path).is_file():
        raise pytest.UsageError(f"there is no inventory {path}; inventories/lab.py is an example")
    try:
        fleet = Fleet(path, config.getoption("--limit"), config.getoption("--data"))
    except (inventory.InventoryError, ValueError) as error:
        raise pytest.UsageError(str(error)) from None
    if not fleet.entries:
        limits = " and ".join(config.getoption("--limit"))
        raise pytest.UsageError(f"{path} has no host" + (f" called {limits}" if limits else ""))
    config.stash[FLEET] = fleet


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "host" in metafunc.fixturenames:
        names = sorted(metafunc.config.stash[FLEET].entries)
        metafunc.parametrize("host", names, indirect=True, scope="session")


@pytest.fixture(scope="session")
def host(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """One host of the inventory with its plan."""
    fleet = request.config.stash[FLEET]
    entry = fleet.entries[request.param]
    try:
        state = fleet.states.get(entry.name)
    except inventory.InventoryError as error:
        pytest.fail(str(error), False)
    if state is None:
        pytest.fail(f"{entry.name} cannot be reached or read; pyinfra says why", False)
    try:
        resolution = host_resolution.resolved(state, entry.data)
    except (StackError, ValueError) as error:
        pytest.fail(f"{entry.name}: {error}", False)
    if resolution.plan is None:
        why = "\n".join(f"{c.code}: {c.what}: {c.why}" for c in resolution.conflicts)
        pytest.fail(f"{entry.name} has no plan:\n{why}", False)
    with tempfile.TemporaryDirectory(prefix="gw") as sockets:
        sudo = state.login.uid != 0
        shell = connect(entry.name, entry.data, sudo, Path(sockets))
        folder = shell.check_output("mktemp -d /tmp/gpuwright-acceptance.XXXXXX").strip()
        yield Subject(entry.name, resolution.plan, state, shell, folder)
        shell.run(f"rm -rf {folder}")


# A check names the parts of the plan that it is about; on a host whose plan lacks one of them it is
# skipped, and the reason says which.


@pytest.fixture(scope="session")
def driver(host: Subject) -> DriverPlan:
    """The planned driver."""
    return host.plan.driver or _skip(host, "its plan has no driver")


@pytest.fixture(scope="session")
def cuda(host: Subject) -> CudaPlan:
    """The planned system toolkit."""
    return host.plan.cuda or _skip(host, "its plan has no system CUDA")


@pytest.fixture(scope="session")
def nvcc(host: Subject, cuda: CudaPlan) -> str:
    """Path of the planned nvcc."""
    return cuda.nvcc or _skip(host, "its plan has CUDA for running only")


@pytest.fixture(scope="session")
def cudnn(host: Subject) -> CudnnPlan:
    """The planned system cuDNN."""
    return host.plan.cudnn or _skip(host, "its plan has no system cuDNN")


@pytest.fixture(scope="session")
def torch(host: Subject) -> TorchPlan:
    """The planned PyTorch."""
    return host.plan.torch or _skip(host, "its plan has no PyTorch")


@pytest.fixture(scope="session")
def held(host: Subject) -> dict[str, str]:
    """The installed packages that move only together, with their versions."""
    found = {p.name: p.version for p in sets.held_set(host.state, host.plan)}
    return found or _skip(host, "its plan holds no package")


@pytest.fixture(scope="session")
def program(host: Subject, cuda: CudaPlan, nvcc: str, cudnn: CudnnPlan) -> dict[str, Any]:
    """What a CUDA and cuDNN program answers that was built with the environment file loaded."""
    return build.with_environment_file(host)


def _skip(host: Subject, why: str) -> Any:
    pytest.skip(f"{host.name}: {why}")

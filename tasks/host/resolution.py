"""The plan of a host, from its data and what was seen."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from facts.model.host import HostState
from facts.model.outlook import Outlook
from stacks.catalog.read import Catalog, load_catalog
from stacks.load import load_stack
from stacks.model.host import HostProfile
from stacks.model.plan import Resolution
from stacks.model.requests import Stack
from stacks.requests import REQUESTS, with_requests
from stacks.resolve import resolve
from tasks.host.profile import profile_of
from tasks.hostdata import host as host_data
from tasks.hostdata import reading
from tasks.jetson import state as jetson_state
from tasks.python import locks
from tasks.repositories.files import Available
from tasks.steps.record import HostRecord, read


def resolved(
    state: HostState,
    data: reading.Data,
    available: Available | None = None,
    containers: bool = False,
    outlook: Outlook | None = None,
) -> Resolution:
    """The plan, or the conflicts, of a host in this state with this data. Touches no host.

    Args:
        state: What the probe saw.
        data: The host's data.
        available: Package to versions that the planned repositories offer, once they were asked:
            a version that is gone there is a conflict then. The plan itself stays what it is.
        containers: Whether it is planned as a container host.
        outlook: What the package manager says of the kernels' headers, once it was asked: the plan
            follows it.

    Raises:
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    return resolve(*question(state, data, available, containers, outlook))


def question(
    state: HostState,
    data: reading.Data,
    available: Available | None = None,
    containers: bool = False,
    outlook: Outlook | None = None,
) -> tuple[Stack, HostProfile, Catalog]:
    """What the resolver is asked in `resolved`, which has the same arguments and raises the same.

    Raises:
        StackError: The stack cannot be read.
        ValueError: Host data is not as expected.
    """
    settings = host_data.plan_settings(data, catalog())
    expected = settings.expected_gpus
    if not state.gpus and any(gpu.model is None for gpu in expected):
        raise ValueError(
            f"host data expected_gpus says {len(expected)}, but no GPU is here to tell which: name "
            f"the model too, such as h100:{len(expected)}"
        )
    profile = profile_of(
        state,
        () if state.gpus else expected,
        settings.mirrors,
        settings.fingerprints,
        available,
        outlook,
    )
    # One kind of GPU that is expected stands for one that is there and that nobody knows.
    models = {gpu.model for gpu in expected}
    alone = next(iter(models)) if len(models) == 1 else None
    profile = replace(
        profile,
        gpu_like=settings.gpu_like or alone,
        gpu_names=settings.gpu_names,
    )
    known = locks.catalog_with_own(catalog(), data)
    return stack_of(data, state.jetson is not None, containers, _native(state)), profile, known


@cache
def catalog() -> Catalog:
    """The catalogue, read once per run."""
    return load_catalog()


def _native(state: HostState) -> bool:
    """Whether another deploy has put CUDA or PyTorch on this host: they stay in its plan.

    So they stay held, whichever deploy was run last.
    """
    seen = read(HostRecord, state.record).versions
    return bool(seen and (seen.cuda or seen.torch))


def stack_of(
    data: reading.Data, board: bool = False, containers: bool = False, native: bool = False
) -> Stack:
    """The stack that the host's data name, with what they ask for laid over it.

    Args:
        data: The host's data.
        board: Whether the host is a Jetson.
        containers: Whether it is planned as a container host.
        native: Whether a container host has CUDA or PyTorch itself, where host data say nothing.

    Raises:
        StackError: It cannot be read, or asks for what there is not.
        ValueError: Its name is no text.
    """
    stack = _stack(host_data.stack(data) or (jetson_state.STACK if board else "pytorch-2.9"))
    said = {name: reading.Reader(data).given(name) for name in REQUESTS}
    if native and said["with_native"] is None:
        said["with_native"] = True
    return with_requests(stack, said, containers)


@cache
def _stack(name: str) -> Stack:
    """Read once per run: forty hosts get the same, whatever becomes of the file meanwhile."""
    if name.endswith((".yaml", ".yml")):
        return load_stack(Path(name).stem, Path(name).parent)
    return load_stack(name)

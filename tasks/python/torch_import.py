"""What torch says when it is imported, kept within a run for as long as it holds.

A first import reads some 2 GB from the disk. Beside the module build that costs nothing; at the
end of the run it is what everybody waits for.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from pyinfra.api.host import Host

from facts.model.host import HostState
from facts.runtime import TorchAnswer
from facts.torch import TorchRuntime
from tasks.driver.state import library_version
from tasks.steps.step import fact, this_host

_last: WeakKeyDictionary[Host, tuple[dict[str, Any], TorchAnswer]] = WeakKeyDictionary()


def depends_on(state: HostState, environment: str | None) -> dict[str, Any]:
    """What an import of torch depends on, as the record keeps it."""
    return {
        "environment": environment,
        "driver": library_version(state),
        "boot": state.system.boot_id,
    }


def answer(state: HostState, environment: str) -> TorchAnswer:
    """Import torch, unless this run did so and neither environment, driver nor module changed."""
    host = this_host()
    key = {**depends_on(state, environment), "loaded": state.driver.loaded}
    last = _last.get(host)
    if last is None or last[0] != key:
        last = (key, fact(TorchRuntime, venv=environment))
        _last[host] = last
    return last[1]

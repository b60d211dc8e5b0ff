"""Where uv on the host looks for wheels: the mirror, the host's own index, or uv's default."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from facts.model.host import HostState
from stacks.model.plan import Plan
from tasks.python import uv
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import plan

MIRROR = "http://mirror.example.org/a path/simple"


def variables(state: HostState, a_plan: Plan) -> dict[str, str]:
    """The variables that the script sets."""
    done = subprocess.run(
        ["sh", "-euc", f"mkdir() {{ :; }}\n{uv.environment(state, a_plan)}\nenv"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in found.items() if name.startswith("UV_")}


def with_torch(**changes: str | None) -> Plan:
    """The plan with other places for torch."""
    torch = plan().torch
    assert torch is not None
    return replace(plan(), torch=replace(torch, **changes))  # type: ignore[arg-type]


def test_host_without_any_index_takes_uvs_default() -> None:
    state = replace(a_host.bare(), pip_index=None)
    assert "UV_DEFAULT_INDEX" not in variables(state, plan())


def test_hosts_own_pip_configuration_names_the_index() -> None:
    found = variables(a_host.bare(), plan())
    assert found["UV_DEFAULT_INDEX"] == a_host.bare().pip_index


def test_mirror_of_the_host_data_goes_before_it() -> None:
    found = variables(a_host.bare(), with_torch(default_index=MIRROR))
    assert found["UV_DEFAULT_INDEX"] == MIRROR
    assert "UV_INDEX" not in found


def test_torchs_own_index_is_asked_beside_the_default_one() -> None:
    own = "https://download.pytorch.org/whl/cu126"
    found = variables(a_host.bare(), with_torch(index=own))
    assert found["UV_INDEX"] == own
    assert found["UV_DEFAULT_INDEX"] == a_host.bare().pip_index


def test_uv_neither_downloads_pythons_nor_reads_the_hosts_configuration() -> None:
    found = variables(a_host.bare(), plan())
    assert (found["UV_PYTHON_DOWNLOADS"], found["UV_NO_CONFIG"]) == ("never", "1")

"""Which environment the stable link leads to, now and after going back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from facts.model.host import HostState
from facts.model.software import Venv
from tasks.cuda import state as cuda_state
from tasks.layout import ENVS
from tasks.python import state as python_state
from tasks.python.state import env_of
from tests.unit.tasks import a_host
from tests.unit.tasks.a_host import plan

FIRST, SECOND, BROKEN = (f"{ENVS}/pytorch-2.9-{digit * 12}" for digit in "123")
NEWEST = env_of(plan())


def with_history(*known: str) -> HostState:
    """A host with two older environments, and one that was never finished."""
    venvs = [Venv(path, path != BROKEN, "3.11", {}) for path in (FIRST, SECOND, BROKEN, NEWEST)]
    return replace(a_host.bare(), venvs=tuple(venvs), record={"environments": list(known)})


@pytest.mark.parametrize(("back", "target"), [(0, NEWEST), (1, SECOND), (2, FIRST), (3, None)])
def test_rollback_counts_from_the_plans_own_environment(back: int, target: str | None) -> None:
    state = with_history(FIRST, SECOND, NEWEST)
    assert python_state.target_env(state, plan(), back) == target


def test_half_environment_is_never_a_target() -> None:
    assert python_state.target_env(with_history(FIRST, BROKEN, NEWEST), plan(), 1) == FIRST


def test_environment_that_was_removed_by_hand_is_never_a_target() -> None:
    state = with_history(FIRST, f"{ENVS}/gone", NEWEST)
    assert python_state.target_env(state, plan(), 1) == FIRST


def test_plans_own_environment_is_the_newest_even_where_the_record_has_it_first() -> None:
    assert python_state.target_env(with_history(NEWEST, FIRST), plan(), 1) == FIRST


def test_host_without_record_has_nothing_to_go_back_to() -> None:
    state = replace(with_history(), record=None)
    assert python_state.history(state) == []
    assert python_state.target_env(state, plan(), 1) is None


def test_environment_counts_only_with_its_mark() -> None:
    assert python_state.complete(a_host.done(), plan())
    half = replace(a_host.done(), venvs=(Venv(NEWEST, False, "3.11", {}),))
    assert not python_state.complete(half, plan())


def test_another_lock_gives_another_folder() -> None:
    torch = plan().torch
    assert torch is not None
    other = replace(plan(), torch=replace(torch, env_digest="f" * 12))
    assert env_of(other) != NEWEST


@pytest.mark.parametrize("damaged", [{}, {"environments": None}, {"environments": "x"}])
def test_damaged_record_has_no_history(damaged: dict[str, Any]) -> None:
    assert python_state.history(replace(a_host.done(), record=damaged)) == []


def test_cudnn_counts_only_behind_its_link() -> None:
    wanted = a_host.plan().cudnn
    assert wanted is not None
    assert cuda_state.cudnn_complete(a_host.done(), wanted)
    assert not cuda_state.cudnn_complete(
        replace(a_host.done(), cudnn_link="/opt/gpuwright/other"), wanted
    )
